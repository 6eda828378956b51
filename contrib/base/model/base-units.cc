// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-units.h"

#include "ns3/base-errors.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <vector>

namespace heddle
{

namespace
{

struct Unit
{
    const char* name;
    double factor; ///< to SI
};

const std::vector<Unit>&
Units(Quantity quantity)
{
    static const std::vector<Unit> rate{{"bps", 1},
                                        {"kbps", 1e3},
                                        {"Mbps", 1e6},
                                        {"Gbps", 1e9},
                                        {"Tbps", 1e12},
                                        {"Bps", 8},
                                        {"kBps", 8e3},
                                        {"MBps", 8e6},
                                        {"GBps", 8e9},
                                        {"TBps", 8e12}};
    static const std::vector<Unit> time{{"ps", 1e-12},
                                        {"ns", 1e-9},
                                        {"us", 1e-6},
                                        {"ms", 1e-3},
                                        {"s", 1},
                                        {"min", 60},
                                        {"h", 3600},
                                        {"d", 86400}};
    static const std::vector<Unit> size{{"B", 1},
                                        {"kB", 1e3},
                                        {"MB", 1e6},
                                        {"GB", 1e9},
                                        {"TB", 1e12},
                                        {"KiB", 1024.0},
                                        {"MiB", 1048576.0},
                                        {"GiB", 1073741824.0},
                                        {"TiB", 1099511627776.0}};
    static const std::vector<Unit> power{{"mW", 1e-3}, {"W", 1}, {"kW", 1e3}, {"MW", 1e6}};
    static const std::vector<Unit> energy{{"pJ", 1e-12},
                                          {"nJ", 1e-9},
                                          {"uJ", 1e-6},
                                          {"mJ", 1e-3},
                                          {"J", 1},
                                          {"kJ", 1e3},
                                          {"MJ", 1e6},
                                          {"kWh", 3.6e6}};
    static const std::vector<Unit> flops{{"FLOPS", 1},
                                         {"GFLOPS", 1e9},
                                         {"TFLOPS", 1e12},
                                         {"PFLOPS", 1e15}};
    static const std::vector<Unit> bandwidth{{"Bps", 1},
                                             {"kBps", 1e3},
                                             {"MBps", 1e6},
                                             {"GBps", 1e9},
                                             {"TBps", 1e12}};
    static const std::vector<Unit> length{{"mm", 1e-3}, {"cm", 1e-2}, {"m", 1}, {"km", 1e3}};
    static const std::vector<Unit> money{{"USD", 1}};
    static const std::vector<Unit> ratio{{"%", 1e-2}};
    static const std::vector<Unit> text{};
    switch (quantity)
    {
    case Quantity::Rate:
        return rate;
    case Quantity::Time:
        return time;
    case Quantity::Size:
        return size;
    case Quantity::Power:
        return power;
    case Quantity::Energy:
        return energy;
    case Quantity::Flops:
        return flops;
    case Quantity::Bandwidth:
        return bandwidth;
    case Quantity::Length:
        return length;
    case Quantity::Money:
        return money;
    case Quantity::Ratio:
        return ratio;
    case Quantity::Text:
        break;
    }
    return text;
}

std::string
Quoted(std::string_view text)
{
    return "'" + std::string(text) + "'";
}

/// "1.234 ms": four significant digits with the largest unit that keeps the number ≥ 1.
std::string
Scaled(double value, const std::vector<Unit>& units)
{
    size_t best = 0;
    for (size_t i = 0; i < units.size(); ++i)
    {
        if (std::abs(value) >= units[i].factor * 0.99995)
        {
            best = i;
        }
    }
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.4g %s", value / units[best].factor, units[best].name);
    return buffer;
}

} // namespace

std::string
AcceptedUnits(Quantity quantity)
{
    std::string list;
    for (const Unit& unit : Units(quantity))
    {
        list += (list.empty() ? "" : ", ") + std::string(unit.name);
    }
    return list;
}

double
ParseQuantity(std::string_view text, Quantity quantity)
{
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || !std::isfinite(number))
    {
        throw InputError(Quoted(text) + " is not a number" +
                         (quantity == Quantity::Ratio
                              ? "."
                              : " with a unit (" + AcceptedUnits(quantity) + ")."));
    }
    std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
    while (!unit.empty() && unit.front() == ' ')
    {
        unit.remove_prefix(1);
    }
    if (unit.empty())
    {
        if (number == 0 || quantity == Quantity::Ratio)
        {
            return number;
        }
        throw InputError(Quoted(text) + " has no unit; write one of " + AcceptedUnits(quantity) +
                         ".");
    }
    for (const Unit& known : Units(quantity))
    {
        if (unit == known.name)
        {
            return number * known.factor;
        }
    }
    throw InputError("unknown unit " + Quoted(unit) + " in " + Quoted(text) +
                     "; accepted: " + AcceptedUnits(quantity) + ".");
}

Tick
FromSeconds(double seconds)
{
    if (!(std::abs(seconds) < 9.2e6))
    {
        throw InputError("a time of " + std::to_string(seconds) +
                         " s does not fit: at most 106 days in picoseconds.");
    }
    return std::llround(seconds * 1e12);
}

BitRate
ParseRate(std::string_view text)
{
    const double bps = ParseQuantity(text, Quantity::Rate);
    if (bps < 0 || bps > 1e18)
    {
        throw InputError("rate " + Quoted(text) + " is out of range (0 … 1e18 bit/s).");
    }
    return BitRate(static_cast<uint64_t>(std::llround(bps)));
}

Tick
ParseTime(std::string_view text)
{
    const double seconds = ParseQuantity(text, Quantity::Time);
    if (seconds < 0)
    {
        throw InputError("time " + Quoted(text) + " is negative.");
    }
    return FromSeconds(seconds);
}

uint64_t
ParseSize(std::string_view text)
{
    const double bytes = ParseQuantity(text, Quantity::Size);
    if (bytes < 0 || bytes > 9e18)
    {
        throw InputError("size " + Quoted(text) + " is out of range.");
    }
    return static_cast<uint64_t>(std::llround(bytes));
}

std::string
FormatRate(BitRate rate)
{
    static const std::vector<Unit> units{{"b/s", 1},
                                         {"kb/s", 1e3},
                                         {"Mb/s", 1e6},
                                         {"Gb/s", 1e9},
                                         {"Tb/s", 1e12}};
    return Scaled(static_cast<double>(rate.bps()), units);
}

std::string
FormatTime(Tick time)
{
    static const std::vector<Unit> units{{"ps", 1e-12},
                                         {"ns", 1e-9},
                                         {"us", 1e-6},
                                         {"ms", 1e-3},
                                         {"s", 1}};
    return Scaled(ToSeconds(time), units);
}

std::string
FormatBytes(double bytes)
{
    static const std::vector<Unit> units{{"B", 1},
                                         {"kB", 1e3},
                                         {"MB", 1e6},
                                         {"GB", 1e9},
                                         {"TB", 1e12}};
    return Scaled(bytes, units);
}

} // namespace heddle
