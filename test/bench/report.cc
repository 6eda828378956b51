// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include "ns3/base-errors.h"

#define BOOST_BIND_GLOBAL_PLACEHOLDERS // Boost 1.74's own JSON parser needs them
#include <boost/property_tree/json_parser.hpp>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <thread>

namespace heddle::bench
{

namespace
{

using boost::property_tree::ptree;

constexpr const char* kSchema = "heddle-bench/1";
const std::string kDefaultEngine = "heddle";
const std::string kWindowedEngine = "heddle-w" + std::to_string(kCeilingWindow);
const std::string kCeilingEngine = "ceiling";

[[gnu::format(printf, 1, 2)]] std::string
Format(const char* format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return text;
}

/// "2.84 (2.79–2.90)" in millions.
std::string
Millions(const Spread& s)
{
    return Format("%6.3f (%.3f-%.3f)", s.median / 1e6, s.min / 1e6, s.max / 1e6);
}

double
UserSeconds(const Sample& s)
{
    return s.userSeconds;
}

double
CpuOf(const Sample& s)
{
    return s.cpuSeconds();
}

double
RunCpu(const Sample& s)
{
    return s.run.runCpu;
}

double
Wall(const Sample& s)
{
    return s.wallSeconds;
}

double
PeakRss(const Sample& s)
{
    return static_cast<double>(s.peakRssBytes);
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

/// One JSON object, written field by field.
class JsonObject
{
  public:
    explicit JsonObject(std::string indent) : m_indent(std::move(indent))
    {
    }

    void Raw(const std::string& key, const std::string& value)
    {
        m_text += (m_text.empty() ? "" : ",\n") + m_indent + "  \"" + key + "\": " + value;
    }

    /// The text must need no escaping.
    void Text(const std::string& key, const std::string& value)
    {
        Raw(key, "\"" + value + "\"");
    }

    void Count(const std::string& key, uint64_t value)
    {
        Raw(key, std::to_string(value));
    }

    void Number(const std::string& key, double value)
    {
        Raw(key, Format("%.9g", value));
    }

    void Add(const std::string& key, const Spread& s)
    {
        Raw(key,
            Format("{\"median\": %.9g, \"min\": %.9g, \"max\": %.9g}", s.median, s.min, s.max));
    }

    std::string Close() const
    {
        return "{\n" + m_text + "\n" + m_indent + "}";
    }

  private:
    std::string m_indent;
    std::string m_text;
};

struct NamedSeries
{
    std::string engine;
    const Series& series;
};

/// In the order of the tables.
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

std::string
SeriesJson(const Outcome& outcome, const std::string& engine, const Series& series)
{
    const RunResult& run = series.first();
    JsonObject json("    ");
    json.Text("workload", outcome.workload);
    json.Text("engine", engine);
    json.Count("window_packets", engine == kDefaultEngine ? 0 : kCeilingWindow);
    json.Count("threads", 1);
    json.Count("flows", run.flows);
    json.Count("data_hops", run.dataHops);
    json.Count("resent_hops", run.extraHops);
    json.Count("scale_up_hops", run.scaleUpHops);
    json.Count("events", run.events);
    json.Number("events_per_hop",
                static_cast<double>(run.events) / static_cast<double>(run.dataHops));
    json.Number("simulated_s", ToSeconds(run.simulated));
    json.Count("retransmits", run.retransmits);
    json.Count("ecn_marks", run.ecnMarks);
    json.Count("cnps", run.congestionCnps);
    json.Count("pause_frames", run.pauseFrames);
    json.Count("ports", run.ports);
    json.Add("hops_per_cpu_s", series.Of(WholeRate));
    json.Add("run_hops_per_cpu_s", series.Of(RunRate));
    json.Add("run_events_per_cpu_s", series.Of(EventRate));
    json.Add("user_s", series.Of(UserSeconds));
    json.Add("cpu_s", series.Of(CpuOf));
    json.Add("run_cpu_s", series.Of(RunCpu));
    json.Add("wall_s", series.Of(Wall));
    json.Add("peak_rss_bytes", series.Of(PeakRss));
    if (series.probe.peakInFlight > 0)
    {
        json.Count("peak_in_flight_packets", series.probe.peakInFlight);
        json.Number("bytes_per_port", BytesPerPort(series.probe));
        json.Number("bytes_per_in_flight_packet", BytesPerPacket(series.probe));
    }
    if (engine != kCeilingEngine && outcome.ceiling)
    {
        json.Add("ratio_to_ceiling", RatioToCeiling(series, *outcome.ceiling));
    }
    return "    " + json.Close();
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
ToJson(const std::vector<Outcome>& outcomes, uint32_t runs)
{
    JsonObject json("");
    json.Text("schema", kSchema);
    json.Text("compiler", __VERSION__);
    json.Text("build_type", HEDDLE_BUILD_TYPE);
    json.Count("cores", std::thread::hardware_concurrency());
    json.Count("runs", runs);
    std::string list;
    for (const Outcome& outcome : outcomes)
    {
        for (const NamedSeries& one : AllSeries(outcome))
        {
            list += (list.empty() ? "" : ",\n") + SeriesJson(outcome, one.engine, one.series);
        }
    }
    json.Raw("series", "[\n" + list + "\n  ]");
    return json.Close() + "\n";
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
