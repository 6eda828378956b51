// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include <thread>

namespace heddle::bench
{

namespace
{

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

std::string
ScalingJson(const Scaling& scaling)
{
    JsonObject json("    ");
    json.Text("workload", scaling.workload);
    json.Count("threads", scaling.threads);
    json.Count("partitions", scaling.partitions);
    json.Add("hops_per_s", SpreadOf(scaling.together));
    json.Add("apart_hops_per_s", SpreadOf(scaling.apart));
    json.Add("ratio", SpreadOf(scaling.ratio));
    json.Add("cpu_ratio", SpreadOf(scaling.cpuRatio));
    return "    " + json.Close();
}

template <class T, class Write>
std::string
ListJson(const std::vector<T>& items, Write&& write)
{
    std::string list;
    for (const T& item : items)
    {
        list += (list.empty() ? "" : ",\n") + write(item);
    }
    return list.empty() ? "[]" : "[\n" + list + "\n  ]";
}

std::string
OutcomeJson(const Outcome& outcome)
{
    std::string list;
    for (const NamedSeries& one : AllSeries(outcome))
    {
        list += (list.empty() ? "" : ",\n") + SeriesJson(outcome, one.engine, one.series);
    }
    return list;
}

} // namespace

std::string
ToJson(const std::vector<Outcome>& outcomes, const std::vector<Scaling>& scalings, uint32_t runs)
{
    JsonObject json("");
    json.Text("schema", kSchema);
    json.Text("compiler", __VERSION__);
    json.Text("build_type", HEDDLE_BUILD_TYPE);
    json.Count("cores", std::thread::hardware_concurrency());
    json.Count("runs", runs);
    json.Raw("series", ListJson(outcomes, OutcomeJson));
    json.Raw("scaling", ListJson(scalings, ScalingJson));
    return json.Close() + "\n";
}

} // namespace heddle::bench
