// SPDX-License-Identifier: GPL-2.0-only
#include "long-run/flip-plan.h"

#include "loader/scenario-source.h"
#include "plan/plan.h"

#include <algorithm>
#include <cmath>

namespace heddle
{

namespace
{

constexpr const char* kCriteria[] = {"cost-per-token",
                                     "energy-per-token",
                                     "goodput",
                                     "interruptions"};

bool
EndsWith(const std::string& text, const std::string& end)
{
    return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Figures that move a criterion without changing what fails together: the measured slowdowns hold.
bool
MayMove(const LinkTechnology& technology, const std::string& figure)
{
    if (figure == "power" || figure == "cost" || figure == "mtbf")
    {
        return true;
    }
    return std::any_of(technology.parts.begin(),
                       technology.parts.end(),
                       [&](const PartKind& part)
                       {
                           return figure == std::string(part.name) + "_fit" ||
                                  figure == std::string(part.name) + "_repair";
                       });
}

/// The technology of this name that a fabric uses first, and the port rate there.
const LinkTechnology*
FindUse(const std::vector<LinkTier>& optics, const std::string& name, BitRate& rate)
{
    for (const LinkTier& tier : optics)
    {
        for (const LinkTechnology* end :
             {&tier.nearEnd, tier.farEnd ? &*tier.farEnd : &tier.nearEnd})
        {
            if (end->name == name)
            {
                rate = tier.rate;
                return end;
            }
        }
    }
    return nullptr;
}

void
Take(const Figure& figure, FigureRef& ref)
{
    ref.unit = figure.unit;
    ref.given = figure.value;
    ref.grade = figure.grade;
}

void
FindInTechnology(const LinkTechnology& technology, BitRate rate, FigureRef& ref)
{
    if (!MayMove(technology, ref.figure))
    {
        std::vector<std::string> names{"power", "cost", "mtbf"};
        for (const PartKind& part : technology.parts)
        {
            names.push_back(std::string(part.name) + "_fit");
            names.push_back(std::string(part.name) + "_repair");
        }
        throw InputError("'" + ref.figure + "' of '" + ref.set + "' cannot be moved." +
                         DidYouMean(ref.figure, names));
    }
    Take(ref.figure == "power"  ? technology.At(rate).activePower
         : ref.figure == "cost" ? technology.At(rate).cost
                                : technology.Get(ref.figure),
         ref);
}

void
FindInSet(const FigureSet& set, FigureRef& ref)
{
    std::vector<std::string> names;
    for (const NamedFigure& named : set.figures)
    {
        names.push_back(named.name);
        if (named.name == ref.figure)
        {
            Take(named.figure, ref);
            return;
        }
    }
    throw InputError("'" + ref.set + "' has no figure '" + ref.figure + "'." +
                     DidYouMean(ref.figure, names));
}

FigureRef
FindFigure(const std::string& name, const Plan& plan, const FabricPlan& fabric)
{
    const size_t dot = name.find('.');
    if (dot == std::string::npos)
    {
        throw InputError("'" + name + "' is no SET.FIGURE, such as \"cpo-quantum-x.cost\".");
    }
    FigureRef ref{name.substr(0, dot), name.substr(dot + 1), "", 0};
    BitRate rate;
    if (ref.set == "economics")
    {
        FindInSet(*plan.economics, ref);
    }
    else if (ref.set == "reliability")
    {
        FindInSet(*plan.reliability, ref);
    }
    else if (const LinkTechnology* technology = FindUse(fabric.optics, ref.set, rate))
    {
        FindInTechnology(*technology, rate, ref);
    }
    else
    {
        throw InputError("fabric '" + fabric.name + "' has no links of '" + ref.set +
                         "'; a figure's set is one of its technologies, 'economics' or "
                         "'reliability'.");
    }
    if (!(ref.given > 0))
    {
        throw InputError("'" + name + "' is " + (ref.given == 0 ? "zero" : "unknown") +
                         ": give it a value to start from.");
    }
    return ref;
}

size_t
FindFabric(const ScenarioNode& flip, const char* field, const Plan& plan)
{
    const std::string name = flip.RequiredText(field);
    std::vector<std::string> names;
    for (size_t i = 0; i < plan.fabrics.size(); ++i)
    {
        if (plan.fabrics[i].name == name)
        {
            return i;
        }
        names.push_back(plan.fabrics[i].name);
    }
    flip.Fail(field, "there is no fabric '" + name + "'." + DidYouMean(name, names));
}

FlipPlan
ReadFlip(const ScenarioNode& flip, const Plan& plan)
{
    FlipPlan out;
    out.fabric = FindFabric(flip, "fabric", plan);
    out.against = FindFabric(flip, "against", plan);
    if (out.fabric == out.against)
    {
        flip.Fail("against", "is the fabric itself.");
    }
    const std::string criterion = flip.Text("criterion", kCriteria[0]);
    const auto it = std::find(std::begin(kCriteria), std::end(kCriteria), criterion);
    if (it == std::end(kCriteria))
    {
        flip.Fail("criterion",
                  "unknown criterion '" + criterion + "'." +
                      DidYouMean(criterion, {std::begin(kCriteria), std::end(kCriteria)}));
    }
    out.criterion = static_cast<FlipCriterion>(it - std::begin(kCriteria));
    const FabricPlan& fabric = plan.fabrics[out.fabric];
    const std::string figure = flip.RequiredText("figure");
    out.figure = flip.At("figure", [&] { return FindFigure(figure, plan, fabric); });
    if (const auto second = flip.Text("and"))
    {
        out.second.push_back(flip.At("and", [&] { return FindFigure(*second, plan, fabric); }));
        if (out.second[0].Name() == out.figure.Name())
        {
            flip.Fail("and", "is the same figure.");
        }
    }
    return out;
}

/// Keeps mtbf = 1e9 / sum of the parts' FIT after `moved` has become `factor` times what it was.
void
Reconcile(LinkTechnology& technology, const std::string& moved, double factor)
{
    double sum = 0;
    for (const PartKind& part : technology.parts)
    {
        for (NamedFigure& named : technology.figures)
        {
            if (named.name == std::string(part.name) + "_fit" && named.figure.known())
            {
                named.figure.value /= moved == "mtbf" ? factor : 1;
                sum += named.figure.value;
            }
        }
    }
    for (NamedFigure& named : technology.figures)
    {
        if (named.name == "mtbf" && EndsWith(moved, "_fit") && sum > 0)
        {
            named.figure.value = 1e9 / sum;
        }
    }
}

void
SetInTechnology(LinkTechnology& technology, const FigureRef& ref, double factor)
{
    const bool perRate = ref.figure == "power" || ref.figure == "cost";
    for (NamedFigure& named : technology.figures)
    {
        if (named.name == ref.figure || (perRate && named.name.rfind(ref.figure + "_", 0) == 0))
        {
            named.figure.value *= factor;
            named.figure.low *= factor;
            named.figure.high *= factor;
        }
    }
    Reconcile(technology, ref.figure, factor);
}

} // namespace

const char*
FlipCriterionName(FlipCriterion criterion)
{
    return kCriteria[static_cast<size_t>(criterion)];
}

std::vector<FlipPlan>
ReadFlips(const ScenarioNode& longRun, const Plan& plan)
{
    std::vector<FlipPlan> flips;
    for (const ScenarioNode& flip : longRun.Children("flip"))
    {
        if (!plan.economics)
        {
            longRun.Fail("flip", "needs `economics`.");
        }
        flips.push_back(ReadFlip(flip, plan));
    }
    return flips;
}

void
SetFigure(std::vector<LinkTier>& optics, const FigureRef& ref, double value)
{
    const double factor = value / ref.given;
    for (LinkTier& tier : optics)
    {
        if (tier.nearEnd.name == ref.set)
        {
            SetInTechnology(tier.nearEnd, ref, factor);
        }
        if (tier.farEnd && tier.farEnd->name == ref.set)
        {
            SetInTechnology(*tier.farEnd, ref, factor);
        }
    }
}

} // namespace heddle
