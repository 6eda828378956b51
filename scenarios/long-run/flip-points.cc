// SPDX-License-Identifier: GPL-2.0-only
//
// Flip points: the bill and the closed form of the long run are functions of single figures; where
// two fabrics' curves cross is bracketed on a logarithmic grid and solved (Boost.Math, TOMS 748).
// Step times and slowdowns are those of the run: the figures that may move do not change them.
#include "long-run/long-run-result.h"

#include "ns3/base-errors.h"

#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <functional>

namespace heddle
{

namespace
{

constexpr double kDecades = 2; ///< searched on either side of the figure as given
constexpr int kGrid = 80;      ///< points; a pair of ties closer than that is not seen
constexpr double kFrontier[] = {1.0 / 16, 0.25, 1, 4, 16}; ///< times the first figure as given

/// Where in their sources' span all failure rates are taken.
enum class Rates
{
    Given,
    Low,
    High,
};

/// A fabric of the result, to be scored under other figures.
class Contender
{
  public:
    Contender(const Plan& plan, const FabricPlan& fabric, const v1::FabricResult& result)
        : m_plan(plan), m_fabric(fabric), m_result(result)
    {
        for (const v1::OutageState& state : result.reliability().states())
        {
            m_slowdowns.push_back(state.slowdown());
        }
    }

    Situation Given() const
    {
        return {*m_plan.economics, *m_plan.reliability, m_fabric.optics};
    }

    /// Less is better.
    double Score(FlipCriterion criterion, const Situation& situation, Rates rates) const
    {
        LongRunPlan longRun = *m_fabric.longRun;
        UpdateRates(situation.reliability, situation.optics, longRun);
        for (size_t i = 0; rates != Rates::Given && i < longRun.parts.size(); ++i)
        {
            const LongRunPart& given = m_fabric.longRun->parts[i];
            const double end = rates == Rates::Low ? given.fitLow : given.fitHigh;
            longRun.parts[i].fit *= given.fit > 0 ? end / given.fit : 1;
        }
        const FleetFigures fleet =
            FleetClosedForm(GroupsOf(longRun, m_slowdowns), PolicyOf(situation.reliability));
        if (criterion == FlipCriterion::Goodput)
        {
            return -fleet.goodput;
        }
        if (criterion == FlipCriterion::Interruptions)
        {
            return fleet.interruptionsPerMonth;
        }
        const Bill bill = BillOf(m_plan, m_fabric, situation, m_result);
        const RepairBill repairs =
            RepairBillOf(m_plan, m_fabric, longRun, situation, fleet, nullptr);
        const double perStep =
            criterion == FlipCriterion::CostPerToken
                ? bill.DollarsPerStep(repairs.PerHour(situation.economics.Value("lifetime")))
                : bill.StepEnergy();
        return perStep / (bill.tokens > 0 ? bill.tokens : 1) / fleet.goodput;
    }

  private:
    const Plan& m_plan;
    const FabricPlan& m_fabric;
    const v1::FabricResult& m_result;
    std::vector<double> m_slowdowns;
};

void
Move(Situation& situation, const FigureRef& ref, double value, bool own)
{
    FigureSet* set = ref.set == "economics"     ? &situation.economics
                     : ref.set == "reliability" ? &situation.reliability
                                                : nullptr;
    if (set == nullptr)
    {
        if (own)
        {
            SetFigure(situation.optics, ref, value);
        }
        return;
    }
    for (NamedFigure& named : set->figures)
    {
        named.figure.value = named.name == ref.figure ? value : named.figure.value;
    }
}

/// A fabric's score less that of the other, as a function of figures.
class Duel
{
  public:
    Duel(const FlipPlan& flip,
         const Contender& fabric,
         const Contender& against,
         Rates rates = Rates::Given)
        : m_flip(flip), m_fabric(fabric), m_against(against), m_rates(rates)
    {
    }

    Duel At(Rates rates) const
    {
        return Duel(m_flip, m_fabric, m_against, rates);
    }

    using Moves = std::vector<std::pair<const FigureRef*, double>>;

    double Score(bool own, const Moves& moves) const
    {
        const Contender& contender = own ? m_fabric : m_against;
        Situation situation = contender.Given();
        for (const auto& [ref, value] : moves)
        {
            Move(situation, *ref, value, own);
        }
        return contender.Score(m_flip.criterion, situation, m_rates);
    }

    double Difference(const Moves& moves) const
    {
        return Score(true, moves) - Score(false, moves);
    }

  private:
    const FlipPlan& m_flip;
    const Contender& m_fabric;
    const Contender& m_against;
    Rates m_rates;
};

struct Range
{
    double low;
    double high;
};

Range
RangeOf(const FigureRef& ref)
{
    const double factor = std::pow(10, kDecades);
    Range range{ref.given / factor, ref.given * factor};
    if (ref.figure == "pue")
    {
        range.low = 1; // less is impossible
    }
    else if (ref.unit == "1" && ref.given <= 1)
    {
        range.high = 1; // a share
    }
    return range;
}

/// Where f changes its sign in the range, rising.
std::vector<double>
Ties(const std::function<double(double)>& f, const Range& range)
{
    std::vector<double> ties;
    const auto at = [&](double position)
    { return range.low * std::pow(range.high / range.low, position); };
    double left = 0;
    double fLeft = f(at(left));
    for (int i = 1; i <= kGrid; ++i)
    {
        const double right = static_cast<double>(i) / kGrid;
        const double fRight = f(at(right));
        if ((fLeft < 0) != (fRight < 0))
        {
            uintmax_t iterations = 100;
            const auto bracket =
                boost::math::tools::toms748_solve([&](double position) { return f(at(position)); },
                                                  left,
                                                  right,
                                                  fLeft,
                                                  fRight,
                                                  boost::math::tools::eps_tolerance<double>(40),
                                                  iterations);
            ties.push_back(at((bracket.first + bracket.second) / 2));
        }
        left = right;
        fLeft = fRight;
    }
    return ties;
}

std::string
Quantity(double value, const std::string& unit)
{
    // Three digits, no exponent for what people say in full.
    const double size = std::abs(value);
    const double digits = size >= 1000 ? std::pow(10, std::floor(std::log10(size)) - 2) : 0;
    char text[64];
    std::snprintf(text,
                  sizeof text,
                  size >= 1e9 ? "%.3g" : (digits > 0 ? "%.0f" : "%.3g"),
                  digits > 0 ? std::round(value / digits) * digits : value);
    return text + (unit == "1" ? std::string() : " " + unit);
}

/// "while x < 3 h", "for 2 h < x < 3 h", "throughout 1 h to 10 h", "nowhere between …".
std::string
WinsWhile(const v1::FlipResult& r)
{
    const auto value = [&](double x) { return Quantity(x, r.unit()); };
    const std::string range = value(r.searched_low()) + " to " + value(r.searched_high());
    bool wins = r.better_at_low() == r.fabric();
    if (r.ties().empty())
    {
        return wins ? "throughout " + range : "nowhere in " + range;
    }
    std::string text;
    double from = 0;
    for (const v1::FlipTie& tie : r.ties())
    {
        if (wins)
        {
            text += text.empty() ? "" : " or ";
            text += from > 0 ? "from " + value(from) + " to " + value(tie.value())
                             : "below " + value(tie.value());
        }
        from = tie.value();
        wins = tie.better_above() == r.fabric();
    }
    if (wins)
    {
        text += (text.empty() ? "above " : " or above ") + value(from);
    }
    return text;
}

/// " (it is 168 h, an assumption)"
std::string
Given(const FigureRef& ref)
{
    const bool assumed = ref.grade == Grade::Assumption || ref.grade == Grade::LowQuality;
    return " (it is " + Quantity(ref.given, ref.unit) + (assumed ? ", an assumption)" : ")");
}

std::string
TextOf(const FlipPlan& flip,
       const std::string& atLowRates,
       const std::string& atHighRates,
       const v1::FlipResult& r)
{
    std::string text = "By " + r.criterion() + " " + r.fabric() + " beats " + r.against() +
                       " with " + r.figure() + " " + WinsWhile(r) + Given(flip.figure);
    if (!r.ties().empty())
    {
        text += "; with all failure rates at the low end of their sources the tie is " +
                atLowRates + ", at the high end " + atHighRates;
    }
    for (const v1::FlipFrontier& point : r.frontier())
    {
        if (point.at() == flip.figure.given)
        {
            text += point.has_tie()
                        ? std::string("; as given, with ") + r.and_figure() +
                              (point.better_below() == r.fabric() ? " below " : " above ") +
                              Quantity(point.tie(), r.and_unit())
                        : "; as given, whatever " + r.and_figure() + " is, " +
                              point.better_below() + " is better";
            text += Given(flip.second[0]);
        }
    }
    return text + ".";
}

void
FillFrontier(const FlipPlan& flip, const Duel& duel, v1::FlipResult& out)
{
    const FigureRef& second = flip.second.front();
    out.set_and_figure(second.Name());
    out.set_and_unit(second.unit);
    const Range range = RangeOf(second);
    for (const double factor : kFrontier)
    {
        const double at = flip.figure.given * factor;
        const auto f = [&](double value) {
            return duel.Difference({{&flip.figure, at}, {&second, value}});
        };
        v1::FlipFrontier& point = *out.add_frontier();
        point.set_at(at);
        const std::vector<double> ties = Ties(f, range);
        point.set_better_below(f(range.low) < 0 ? out.fabric() : out.against());
        if (!ties.empty())
        {
            point.set_tie(ties.front());
        }
    }
}

void
Fill(const FlipPlan& flip, const Duel& duel, v1::FlipResult& out)
{
    out.set_criterion(FlipCriterionName(flip.criterion));
    out.set_figure(flip.figure.Name());
    out.set_unit(flip.figure.unit);
    out.set_given(flip.figure.given);
    const double sign = flip.criterion == FlipCriterion::Goodput ? -1 : 1;
    out.set_criterion_fabric(sign * duel.Score(true, {}));
    out.set_criterion_against(sign * duel.Score(false, {}));
    const Range range = RangeOf(flip.figure);
    out.set_searched_low(range.low);
    out.set_searched_high(range.high);
    const auto f = [&](double value) { return duel.Difference({{&flip.figure, value}}); };
    bool wins = f(range.low) < 0;
    out.set_better_at_low(wins ? out.fabric() : out.against());
    for (double value : Ties(f, range))
    {
        wins = !wins;
        v1::FlipTie& tie = *out.add_ties();
        tie.set_value(value);
        tie.set_better_above(wins ? out.fabric() : out.against());
    }
    // The first tie as text, or who is better throughout.
    const auto firstTie = [&](Rates rates, void (v1::FlipResult::*set)(double)) -> std::string
    {
        const Duel moved = duel.At(rates);
        const auto g = [&](double value) { return moved.Difference({{&flip.figure, value}}); };
        const std::vector<double> ties = Ties(g, range);
        if (ties.empty())
        {
            return "nowhere, as " + (g(range.low) < 0 ? out.fabric() : out.against()) +
                   " wins throughout";
        }
        (out.*set)(ties.front());
        return "at " + Quantity(ties.front(), out.unit());
    };
    const std::string low = firstTie(Rates::Low, &v1::FlipResult::set_first_tie_at_low_rates);
    const std::string high = firstTie(Rates::High, &v1::FlipResult::set_first_tie_at_high_rates);
    if (!flip.second.empty())
    {
        FillFrontier(flip, duel, out);
    }
    for (const FigureRef* ref : {&flip.figure, flip.second.empty() ? nullptr : &flip.second[0]})
    {
        if (ref && (ref->grade == Grade::Assumption || ref->grade == Grade::LowQuality))
        {
            out.add_assumed(ref->Name());
        }
    }
    out.set_text(TextOf(flip, low, high, out));
}

} // namespace

void
FillFlipPoints(const Plan& plan, v1::Result* result)
{
    if (result->fabrics_size() != static_cast<int>(plan.fabrics.size()))
    {
        return; // interrupted
    }
    for (const FlipPlan& flip : plan.flips)
    {
        const auto& own = result->fabrics(static_cast<int>(flip.fabric));
        const auto& other = result->fabrics(static_cast<int>(flip.against));
        if (!own.has_reliability() || !other.has_reliability())
        {
            return;
        }
        v1::FlipResult& out = *result->add_flip_points();
        out.set_fabric(own.name());
        out.set_against(other.name());
        const Contender fabric(plan, plan.fabrics[flip.fabric], own);
        const Contender against(plan, plan.fabrics[flip.against], other);
        Fill(flip, Duel(flip, fabric, against), out);
    }
}

} // namespace heddle
