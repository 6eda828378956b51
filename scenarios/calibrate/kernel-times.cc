// SPDX-License-Identifier: GPL-2.0-only
// Boost 1.74's own headers warn about this otherwise.
#define BOOST_BIND_GLOBAL_PLACEHOLDERS
#include "calibrate/kernel-times.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>
#include <cmath>
#include <map>
#include <sstream>
#include <tuple>

namespace heddle
{

namespace
{

namespace pt = boost::property_tree;

/// Fewer runs say little about their spread.
constexpr uint64_t kRunsForVariation = 10;

struct Sample
{
    std::string name;
    double seconds;
    double flops = 0;
    double bytes = 0;
};

[[noreturn]] void
Fail(const std::string& file, size_t line, const std::string& text)
{
    throw InputError(file + ":" + std::to_string(line) + ": " + text);
}

double
Number(const std::string& file, size_t line, const std::string& word)
{
    char* end = nullptr;
    const double value = std::strtod(word.c_str(), &end);
    if (word.empty() || *end != '\0' || !std::isfinite(value) || value < 0)
    {
        Fail(file, line, "'" + word + "' is not a number of 0 or more.");
    }
    return value;
}

std::vector<std::string>
Cells(const std::string& line)
{
    std::vector<std::string> cells;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');)
    {
        const size_t begin = cell.find_first_not_of(" \t\r");
        const size_t end = cell.find_last_not_of(" \t\r");
        cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
    }
    return cells;
}

std::vector<Sample>
ReadCsv(const std::string& file, const std::string& text)
{
    std::istringstream in(text);
    std::string line;
    std::getline(in, line);
    const std::vector<std::string> header = Cells(line);
    const auto column = [&](const char* name)
    { return static_cast<size_t>(std::find(header.begin(), header.end(), name) - header.begin()); };
    const size_t name = column("name");
    const size_t duration = column("duration_us");
    if (name == header.size() || duration == header.size())
    {
        Fail(file, 1, "the first line must name the columns: name,duration_us[,flops][,bytes].");
    }
    std::vector<Sample> samples;
    for (size_t number = 2; std::getline(in, line); ++number)
    {
        const std::vector<std::string> cells = Cells(line);
        if (cells.empty())
        {
            continue;
        }
        if (cells.size() != header.size())
        {
            Fail(file,
                 number,
                 std::to_string(cells.size()) + " columns; the header has " +
                     std::to_string(header.size()) + ".");
        }
        const auto value = [&](const char* what)
        { return column(what) < cells.size() ? Number(file, number, cells[column(what)]) : 0; };
        samples.push_back(
            {cells[name], 1e-6 * value("duration_us"), value("flops"), value("bytes")});
    }
    return samples;
}

/// "[[4096, 1024], [1024, 512]]" parsed: a tree of trees of numbers.
std::vector<std::vector<double>>
Dimensions(const pt::ptree& dims)
{
    std::vector<std::vector<double>> all;
    for (const auto& [key, tensor] : dims)
    {
        std::vector<double> sizes;
        for (const auto& [inner, size] : tensor)
        {
            sizes.push_back(size.get_value<double>(0));
        }
        all.push_back(sizes);
    }
    return all;
}

/// 2·m·k·n of a matrix product; 0 for everything else.
double
ProductFlops(const std::string& name, std::vector<std::vector<double>> dims)
{
    if (name == "aten::addmm" && dims.size() >= 3)
    {
        dims.erase(dims.begin()); // the bias
    }
    else if (name != "aten::mm" && name != "aten::bmm")
    {
        return 0;
    }
    if (dims.size() < 2 || dims[0].size() < 2 || dims[1].size() != dims[0].size())
    {
        return 0;
    }
    double flops = 2 * dims[1].back();
    for (double size : dims[0])
    {
        flops *= size;
    }
    return flops;
}

std::vector<Sample>
ReadKineto(const std::string& file, const std::string& text)
{
    pt::ptree root;
    std::istringstream in(text);
    try
    {
        pt::read_json(in, root);
    }
    catch (const pt::json_parser_error& error)
    {
        Fail(file, error.line(), error.message() + ".");
    }
    const auto events = root.get_child_optional("traceEvents");
    if (!events)
    {
        Fail(file, 1, "no traceEvents: this is no PyTorch profiler (Kineto) trace.");
    }
    std::map<std::string, double> work; // by external id
    for (const auto& [key, event] : *events)
    {
        const auto dims = event.get_child_optional("args.Input Dims");
        if (event.get("cat", "") == "cpu_op" && dims)
        {
            const double flops = ProductFlops(event.get("name", ""), Dimensions(*dims));
            if (flops > 0)
            {
                work[event.get("args.External id", "")] = flops;
            }
        }
    }
    std::vector<Sample> samples;
    for (const auto& [key, event] : *events)
    {
        const std::string name = event.get("name", "");
        if (event.get("cat", "") != "kernel" || name.rfind("nccl", 0) == 0)
        {
            continue;
        }
        const auto flops = work.find(event.get("args.External id", ""));
        samples.push_back(
            {name, 1e-6 * event.get("dur", 0.0), flops == work.end() ? 0 : flops->second, 0});
    }
    return samples;
}

KernelTimes
Summarise(const std::vector<const Sample*>& runs, double peakFlops, double memoryBandwidth)
{
    KernelTimes kernel;
    kernel.name = runs[0]->name;
    kernel.flops = runs[0]->flops;
    kernel.bytes = runs[0]->bytes;
    kernel.count = runs.size();
    const auto n = static_cast<double>(runs.size());
    for (const Sample* run : runs)
    {
        kernel.meanSeconds += run->seconds / n;
    }
    double squares = 0;
    for (const Sample* run : runs)
    {
        squares += (run->seconds - kernel.meanSeconds) * (run->seconds - kernel.meanSeconds);
    }
    kernel.variation = runs.size() > 1 ? std::sqrt(squares / (n - 1)) / kernel.meanSeconds : 0;
    const double compute = kernel.flops / peakFlops;
    const double memory = kernel.bytes / memoryBandwidth;
    kernel.memoryBound = memory > compute;
    kernel.efficiency = std::max(compute, memory) / kernel.meanSeconds;
    return kernel;
}

void
SumUp(KernelTable& table)
{
    double ideal[2]{};
    double time[2]{};
    double varied = 0;
    double variedTime = 0;
    for (const KernelTimes& kernel : table.kernels)
    {
        const double total = kernel.meanSeconds * static_cast<double>(kernel.count);
        if (kernel.efficiency > 0)
        {
            ideal[kernel.memoryBound] += kernel.efficiency * total;
            time[kernel.memoryBound] += total;
        }
        if (kernel.count >= kRunsForVariation)
        {
            varied += kernel.variation * total;
            variedTime += total;
        }
    }
    table.flopsEfficiency = time[0] > 0 ? ideal[0] / time[0] : 0;
    table.memoryEfficiency = time[1] > 0 ? ideal[1] / time[1] : 0;
    table.variation = variedTime > 0 ? varied / variedTime : 0;
}

} // namespace

KernelTable
ReadKernels(const std::string& file,
            const std::string& text,
            double peakFlops,
            double memoryBandwidth)
{
    const bool json = file.size() > 5 && file.substr(file.size() - 5) == ".json";
    const std::vector<Sample> samples = json ? ReadKineto(file, text) : ReadCsv(file, text);
    std::map<std::tuple<std::string, double, double>, std::vector<const Sample*>> alike;
    for (const Sample& sample : samples)
    {
        if (sample.seconds > 0)
        {
            alike[{sample.name, sample.flops, sample.bytes}].push_back(&sample);
        }
    }
    if (alike.empty())
    {
        Fail(file, 1, "no kernel with a duration is in it.");
    }
    KernelTable table;
    for (const auto& [key, runs] : alike)
    {
        table.kernels.push_back(Summarise(runs, peakFlops, memoryBandwidth));
        if (table.kernels.back().efficiency > 1)
        {
            throw InputError(file + ": kernel '" + table.kernels.back().name +
                             "' is faster than the accelerator's peak: is it another one?");
        }
    }
    std::stable_sort(table.kernels.begin(),
                     table.kernels.end(),
                     [](const KernelTimes& a, const KernelTimes& b)
                     {
                         return a.meanSeconds * static_cast<double>(a.count) >
                                b.meanSeconds * static_cast<double>(b.count);
                     });
    SumUp(table);
    return table;
}

} // namespace heddle
