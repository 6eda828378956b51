// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-fec.h
// ------------------
// From bit errors to lost frames: Reed-Solomon forward error correction, random or bursty errors,
// codeword interleaving, an optional inner code.
//
//   ErrorModel errors{2.4e-4};                             // pre-FEC BER, random
//   CodewordErrorRate(kKp4, errors);                       // 8.15e-13
//   FrameLossRatio(kKp4, errors, 64);                      // 9.2e-13 for a 64 B frame
//   CodewordErrorRate(kKp4, {1e-3, 0, 1, kHamming128});    // 200G lanes with the inner code
//
// Formulae. Random: p_s = 1 − (1 − BER)^m per m-bit symbol; CER = sum over i > t of
// C(n,i) p_s^i (1 − p_s)^(n−i). Bursts: symbols are a two-state Markov chain whose stationary
// error probability is p_s and in which an error follows an error with probability `burst`; the
// number of errors in a codeword is counted exactly. Interleaving of depth d gives each codeword
// every d-th symbol, so that the chain's memory is taken to the d-th power. A frame is lost with
// any codeword that it touches: FLR = 1 − (1 − CER)^c with c = d + (L + 20 B) × 8 / (k m)
// codewords (preamble and gap count). All terms are positive sums: relative precision holds down to
// 1e-300. Miscorrection (< 1e-6 of uncorrectable words for t = 15) is not modelled.
//
// Inner code: a block code that corrects up to t bits by hard decision; a real Chase decoder of the
// (128,120) code gains about 1.5 dB more, so the result is pessimistic. What it leaves is taken as
// random, as the convolutional interleaver of 802.3dj intends.
//
// Sources: IEEE 802.3bs clause 119 (RS(544,514), 10-bit symbols, t = 15); the formula of the frame
// loss from the sourced table of optics figures.

#ifndef HEDDLE_OPTICS_FEC_H
#define HEDDLE_OPTICS_FEC_H

#include "ns3/base-units.h"

#include <cstdint>

namespace heddle
{

/// RS(n, k) over m-bit symbols; corrects t = (n − k) / 2 symbols.
struct ReedSolomon
{
    uint32_t n = 544;
    uint32_t k = 514;
    uint32_t symbolBits = 10;

    uint32_t t() const
    {
        return (n - k) / 2;
    }
};

inline constexpr ReedSolomon kKp4{544, 514, 10};
inline constexpr ReedSolomon kKr4{528, 514, 10};

/// A binary block code that corrects up to t bits; n = 0: none.
struct InnerCode
{
    uint32_t n = 0;
    uint32_t k = 0;
    uint32_t t = 0;
};

inline constexpr InnerCode kHamming128{128, 120, 1};

struct ErrorModel
{
    double ber = 0;          ///< before all decoding, 0 … 0.5
    double burst = 0;        ///< P(symbol in error | the one before it was); 0 = random
    uint32_t interleave = 1; ///< codewords that share the line
    InnerCode inner{};
};

/// Bit-error ratio that the inner code leaves: errors of blocks with more than t of them.
double AfterInnerCode(const InnerCode& code, double ber);

double SymbolErrorRate(const ReedSolomon& code, double ber);

/// Probability of more than `symbols` symbol errors in a codeword ("KP4 bin" above `symbols`).
double ProbabilityOfMoreErrors(const ReedSolomon& code, const ErrorModel& errors, uint32_t symbols);

/// Probability that a codeword cannot be corrected.
double CodewordErrorRate(const ReedSolomon& code, const ErrorModel& errors);

/// Probability that a frame of `bytes` (MAC frame, FCS included) is lost.
double FrameLossRatio(const ReedSolomon& code, const ErrorModel& errors, double bytes);

/// The same from a known codeword error rate.
double FrameLossOfCodewords(const ReedSolomon& code,
                            double codewordErrorRate,
                            uint32_t interleave,
                            double bytes);

/// Uncorrectable codewords per hour on a saturated link.
double BadCodewordsPerHour(const ReedSolomon& code, const ErrorModel& errors, BitRate rate);

/// The BER at which the codeword error rate is `target`, by bisection (0 < target < 1).
double BerForCodewordErrorRate(const ReedSolomon& code, ErrorModel errors, double target);

} // namespace heddle

#endif
