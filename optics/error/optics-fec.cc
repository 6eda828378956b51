// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/optics-fec.h"

#include "ns3/base-errors.h"

#include <cmath>
#include <vector>

namespace heddle
{

namespace
{

/// ln C(n, i)
double
LogChoose(double n, double i)
{
    return std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1);
}

/// C(n, i) p^i (1 − p)^(n − i)
double
BinomialTerm(uint32_t n, uint32_t i, double p)
{
    return std::exp(LogChoose(n, i) + i * std::log(p) + (n - i) * std::log1p(-p));
}

/// P(more than `most` of n), independent.
double
BinomialTail(uint32_t n, uint32_t most, double p)
{
    if (p <= 0)
    {
        return 0;
    }
    if (p >= 1)
    {
        return 1;
    }
    if (n * p > most + 1) // the mean lies in the tail: sum the other side
    {
        double below = 0;
        for (uint32_t i = 0; i <= most; ++i)
        {
            below += BinomialTerm(n, i, p);
        }
        return 1 - below;
    }
    const double odds = p / (1 - p);
    double term = BinomialTerm(n, most + 1, p);
    double sum = 0;
    for (uint32_t i = most + 1; i <= n; ++i)
    {
        sum += term;
        term *= odds * (n - i) / (i + 1);
        if (term < 1e-18 * sum)
        {
            break;
        }
    }
    return std::min(sum, 1.0);
}

/// P(more than `most` errors among n symbols) of a stationary chain: `enter` follows a good symbol,
/// `stay` a bad one.
double
ChainTail(uint32_t n, uint32_t most, double bad, double enter, double stay)
{
    // [errors so far] × {last symbol good, bad}; the last cell holds "more than most".
    std::vector<double> good(most + 2, 0.0);
    std::vector<double> wrong(most + 2, 0.0);
    good[0] = 1 - bad;
    wrong[std::min(1U, most + 1)] = bad;
    for (uint32_t symbol = 1; symbol < n; ++symbol)
    {
        const double over = good[most + 1] + wrong[most + 1];
        for (uint32_t i = most + 1; i > 0; --i)
        {
            const double more = good[i - 1] * enter + wrong[i - 1] * stay;
            good[i] = good[i] * (1 - enter) + wrong[i] * (1 - stay);
            wrong[i] = more;
        }
        wrong[most + 1] += over; // who is over stays over
        good[most + 1] = 0;
        good[0] = good[0] * (1 - enter) + wrong[0] * (1 - stay);
        wrong[0] = 0;
    }
    return good[most + 1] + wrong[most + 1];
}

} // namespace

double
AfterInnerCode(const InnerCode& code, double ber)
{
    if (code.n == 0 || ber <= 0)
    {
        return ber;
    }
    double sum = 0;
    for (uint32_t i = code.n; i > code.t; --i)
    {
        sum += static_cast<double>(i) / code.n * BinomialTerm(code.n, i, ber);
    }
    return sum;
}

double
SymbolErrorRate(const ReedSolomon& code, double ber)
{
    return -std::expm1(code.symbolBits * std::log1p(-ber));
}

double
ProbabilityOfMoreErrors(const ReedSolomon& code, const ErrorModel& errors, uint32_t symbols)
{
    HEDDLE_CHECK(errors.ber >= 0 && errors.ber <= 0.5, "a BER lies between 0 and 0.5");
    HEDDLE_CHECK(errors.burst >= 0 && errors.burst < 1, "a burst probability lies in [0, 1)");
    HEDDLE_CHECK(errors.interleave > 0, "at least one codeword");
    if (symbols >= code.n)
    {
        return 0;
    }
    const double bad = SymbolErrorRate(code, AfterInnerCode(errors.inner, errors.ber));
    // Memory of the chain between neighbours of one codeword.
    const double memory = std::pow((errors.burst - bad) / (1 - bad), errors.interleave);
    if (errors.burst <= bad || memory < 1e-12)
    {
        return BinomialTail(code.n, symbols, bad);
    }
    return ChainTail(code.n, symbols, bad, bad * (1 - memory), bad + (1 - bad) * memory);
}

double
CodewordErrorRate(const ReedSolomon& code, const ErrorModel& errors)
{
    return ProbabilityOfMoreErrors(code, errors, code.t());
}

double
FrameLossOfCodewords(const ReedSolomon& code,
                     double codewordErrorRate,
                     uint32_t interleave,
                     double bytes)
{
    constexpr double kPreambleAndGap = 20;
    const double codewords = interleave + (bytes + kPreambleAndGap) * 8 /
                                              (static_cast<double>(code.k) * code.symbolBits);
    return codewordErrorRate < 1 ? -std::expm1(codewords * std::log1p(-codewordErrorRate)) : 1;
}

double
FrameLossRatio(const ReedSolomon& code, const ErrorModel& errors, double bytes)
{
    return FrameLossOfCodewords(code, CodewordErrorRate(code, errors), errors.interleave, bytes);
}

double
BadCodewordsPerHour(const ReedSolomon& code, const ErrorModel& errors, BitRate rate)
{
    const double perSecond = static_cast<double>(rate.bps()) / (code.k * code.symbolBits);
    return perSecond * 3600 * CodewordErrorRate(code, errors);
}

double
BerForCodewordErrorRate(const ReedSolomon& code, ErrorModel errors, double target)
{
    HEDDLE_CHECK(target > 0 && target < 1, "a target between 0 and 1");
    double low = std::log(1e-15);
    double high = std::log(0.5);
    while (high - low > 1e-12)
    {
        const double middle = (low + high) / 2;
        errors.ber = std::exp(middle);
        (CodewordErrorRate(code, errors) < target ? low : high) = middle;
    }
    return std::exp(low);
}

} // namespace heddle
