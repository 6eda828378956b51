// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include "ns3/base-errors.h"

#define BOOST_BIND_GLOBAL_PLACEHOLDERS // Boost 1.74's own JSON parser needs them
#include <boost/property_tree/json_parser.hpp>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>

namespace heddle::bench
{

namespace
{

using boost::property_tree::ptree;

/// "2.84 (2.79–2.90)" in millions.
std::string
Millions(const Spread& s)
{
    return Format("%6.3f (%.3f-%.3f)", s.median / 1e6, s.min / 1e6, s.max / 1e6);
}

std::string
Row(const std::string& name, const std::string& engine, const Series& series)
{
    const RunResult& run = series.first();
    return Format("%-14s %-9s %22s %22s %8.2f %7.2f %7.2f %7.2f %8.1f",
                  name.c_str(),
                  engine.c_str(),
                  Millions(series.Of(WholeRate)).c_str(),
                  Millions(series.Of(RunRate)).c_str(),
                  series.Of(EventRate).median / 1e6,
                  static_cast<double>(run.events) / static_cast<double>(run.dataHops),
                  series.Of(CpuOf).median,
                  series.Of(Wall).median,
                  series.Of(PeakRss).median / (1 << 20));
}

const ptree*
FindSeries(const ptree& file, const std::string& workload, const std::string& engine)
{
    for (const auto& item : file.get_child("series"))
    {
        if (item.second.get<std::string>("workload") == workload &&
            item.second.get<std::string>("engine") == engine &&
            item.second.get<uint32_t>("threads") == 1)
        {
            return &item.second;
        }
    }
    return nullptr;
}

std::string
CompareSeries(const ptree& then,
              const std::string& workload,
              const std::string& engine,
              const Series& now)
{
    const auto ratio = [&](const char* key, double value)
    { return value / then.get<double>(std::string(key) + ".median"); };
    return Format("%-14s %-9s %8.3f %8.3f %8.3f %8.3f",
                  workload.c_str(),
                  engine.c_str(),
                  ratio("hops_per_cpu_s", now.Of(WholeRate).median),
                  ratio("run_hops_per_cpu_s", now.Of(RunRate).median),
                  ratio("wall_s", now.Of(Wall).median),
                  ratio("peak_rss_bytes", now.Of(PeakRss).median));
}

std::string
CompareOne(const ptree& file, const Outcome& outcome, const NamedSeries& one)
{
    const ptree* then = FindSeries(file, outcome.workload, one.engine);
    if (!then)
    {
        return Format("%-14s %-9s not in the baseline\n",
                      outcome.workload.c_str(),
                      one.engine.c_str());
    }
    std::string text = CompareSeries(*then, outcome.workload, one.engine, one.series);
    const auto before = then->get_optional<double>("ratio_to_ceiling.median");
    if (before && outcome.ceiling)
    {
        // The ceiling takes out how fast the machine was on the day.
        const double now = RatioToCeiling(one.series, *outcome.ceiling).median;
        text += Format("   %% of ceiling %.1f, was %.1f", 100 * now, 100 * *before);
    }
    return text + "\n";
}

/// Memory, and the share of the ceiling.
std::string
Details(const Outcome& outcome, const NamedSeries& one)
{
    const RunResult& probe = one.series.probe;
    std::string text = Format("%14s %-9s %" PRIu64 " packets in flight at %.0f B",
                              "",
                              one.engine.c_str(),
                              probe.peakInFlight,
                              BytesPerPacket(probe));
    if (outcome.ceiling)
    {
        const Spread ratio = RatioToCeiling(one.series, *outcome.ceiling);
        text += Format("; run phase %.1f %% (%.1f-%.1f) of the ceiling%s",
                       100 * ratio.median,
                       100 * ratio.min,
                       100 * ratio.max,
                       one.engine == kWindowedEngine ? ", like for like" : "");
    }
    return text + "\n";
}

} // namespace

std::string
Format(const char* format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

std::vector<NamedSeries>
AllSeries(const Outcome& outcome)
{
    std::vector<NamedSeries> all{{kDefaultEngine, outcome.heddle}};
    if (outcome.windowed)
    {
        all.push_back({kWindowedEngine, *outcome.windowed});
    }
    if (outcome.ceiling)
    {
        all.push_back({kCeilingEngine, *outcome.ceiling});
    }
    return all;
}

Spread
RatioToCeiling(const Series& heddle, const Series& ceiling)
{
    std::vector<double> ratios;
    for (size_t i = 0; i < heddle.samples.size(); ++i)
    {
        ratios.push_back(RunRate(heddle.samples[i]) / RunRate(ceiling.samples.at(i)));
    }
    return SpreadOf(ratios);
}

double
BytesPerPort(const RunResult& probe)
{
    return static_cast<double>(probe.setupHeap) / static_cast<double>(probe.ports);
}

double
BytesPerPacket(const RunResult& probe)
{
    const uint64_t growth = probe.peakHeap > probe.setupHeap ? probe.peakHeap - probe.setupHeap : 0;
    return static_cast<double>(growth) / static_cast<double>(probe.peakInFlight);
}

std::string
TableHeader()
{
    return Format("%-14s %-9s %22s %22s %8s %7s %7s %7s %8s\n%-14s %-9s %22s %22s %8s %7s %7s %7s "
                  "%8s\n",
                  "workload",
                  "engine",
                  "data Mhop/CPU-s, whole",
                  "run phase",
                  "Mevent/s",
                  "ev/hop",
                  "CPU s",
                  "wall s",
                  "RSS MiB",
                  "",
                  "",
                  "median (min-max)",
                  "median (min-max)",
                  "",
                  "",
                  "",
                  "",
                  "");
}

std::string
TableRows(const Outcome& outcome)
{
    std::string text;
    const std::vector<NamedSeries> all = AllSeries(outcome);
    for (const NamedSeries& one : all)
    {
        text += Row(text.empty() ? outcome.workload : "", one.engine, one.series) + "\n";
    }
    text += Format("%14s %.2f M data hops, %" PRIu64 " ports at %.0f B\n",
                   "",
                   static_cast<double>(outcome.heddle.first().dataHops) / 1e6,
                   outcome.heddle.probe.ports,
                   BytesPerPort(outcome.heddle.probe));
    for (const NamedSeries& one : all)
    {
        text += one.engine == kCeilingEngine ? "" : Details(outcome, one);
    }
    return text;
}

std::string
ScalingHeader(uint32_t threads)
{
    return Format(
        "Run phase. Apart: %u processes at once, summed.\n%-14s %10s %20s %20s %24s %24s\n",
        threads,
        "workload",
        "partitions",
        "threads Mhops/s",
        "apart Mhops/s",
        "threads/apart",
        "CPU apart/threads");
}

std::string
ScalingRow(const Scaling& scaling)
{
    const auto text = [](const std::vector<double>& values, double unit)
    {
        const Spread s = SpreadOf(values);
        return Format("%.3f (%.3f-%.3f)", s.median / unit, s.min / unit, s.max / unit);
    };
    return Format("%-14s %10u %20s %20s %24s %24s\n",
                  scaling.workload.c_str(),
                  scaling.partitions,
                  text(scaling.together, 1e6).c_str(),
                  text(scaling.apart, 1e6).c_str(),
                  text(scaling.ratio, 1).c_str(),
                  text(scaling.cpuRatio, 1).c_str());
}

std::string
CompareWith(const std::string& path, const std::vector<Outcome>& outcomes)
{
    try
    {
        ptree file;
        boost::property_tree::read_json(path, file);
        if (file.get<std::string>("schema") != kSchema)
        {
            throw InputError(path + ": its schema is not " + kSchema);
        }
        std::string text =
            Format("now / baseline %-9s %8s %8s %8s %8s\n", "", "whole", "run", "wall", "RSS");
        for (const Outcome& outcome : outcomes)
        {
            for (const NamedSeries& one : AllSeries(outcome))
            {
                text += one.engine == kCeilingEngine ? "" : CompareOne(file, outcome, one);
            }
        }
        return text;
    }
    catch (const boost::property_tree::ptree_error& error)
    {
        throw InputError(path + ": not a result of this benchmark: " + error.what());
    }
}

} // namespace heddle::bench
