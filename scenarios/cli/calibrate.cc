// SPDX-License-Identifier: GPL-2.0-only
//
// heddle calibrate: measurements in, a calibration file for `cluster { calibration: … }` out.
#include "calibrate/kernel-times.h"
#include "calibrate/nccl-log.h"
#include "calibrate/ring-fit.h"
#include "cli/command.h"
#include "plan/cluster/accelerators.h"
#include "report/terminal/table.h"

#include "ns3/base-errors.h"
#include "ns3/collectives-presets.h"

#include "heddle.pb.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <google/protobuf/text_format.h>
#include <iostream>
#include <sstream>

namespace heddle
{

namespace
{

namespace po = boost::program_options;

/// Smaller rows run other protocols (LL, LL128) than the model has.
constexpr uint64_t kSmallestFitted = 1 << 20;
/// One way over one switch without software: half of a 5 us round trip (Barre, ATC'25).
constexpr Tick kScaleOutLatency = 2500 * kNanosecond;

struct CalibrateArguments
{
    std::vector<std::string> logs;
    std::string kernels;
    std::string accelerator = "h100-sxm";
    std::string base = "nccl-h100";
    std::string nicRate;
    std::string collective;
    std::string fitRows = "alternate";
    std::string out = "calibration.textproto";
    uint32_t nicsPerHost = 0;
    uint32_t ranks = 0;
    uint32_t hosts = 0;
};

bool
Parse(const Arguments& arguments, CalibrateArguments& a)
{
    po::options_description options("Options");
    po::options_description_easy_init add = options.add_options();
    add("nic-rate", po::value(&a.nicRate)->value_name("RATE"), "of one NIC, e.g. 400Gbps");
    add("nics-per-host", po::value(&a.nicsPerHost)->value_name("N"), "default: one per rank");
    add("kernels",
        po::value(&a.kernels)->value_name("FILE"),
        "PyTorch profiler trace (.json), or CSV with name,duration_us[,flops][,bytes]");
    add("accelerator",
        po::value(&a.accelerator)->value_name("NAME"),
        "whose peaks the kernels are held against (default h100-sxm)");
    add("base",
        po::value(&a.base)->value_name("PRESET"),
        "software preset to start from (default nccl-h100)");
    add("fit-rows",
        po::value(&a.fitRows)->value_name("ROWS"),
        "rows of 1 MiB or more to fit: alternate (default), all, or numbers as 1,2,5; the rest "
        "is predicted");
    add("collective", po::value(&a.collective), "if the log does not say: all-reduce, …");
    add("ranks", po::value(&a.ranks)->value_name("N"), "if the log does not say");
    add("hosts", po::value(&a.hosts)->value_name("N"), "if the log does not say");
    add("out", po::value(&a.out)->value_name("FILE"), "default calibration.textproto");
    po::variables_map values;
    if (!ParseOptions(arguments, "calibrate [NCCL-TESTS-LOG] [options]", options, values, a.logs))
    {
        return false;
    }
    if (a.logs.size() > 1 || (a.logs.empty() && a.kernels.empty()))
    {
        throw InputError("calibrate: name one nccl-tests log, or --kernels FILE, or both.");
    }
    return true;
}

std::string
ReadFile(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in)
    {
        throw InputError("cannot read '" + path + "'.");
    }
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::string
Text(const char* format, double value)
{
    char text[48];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

AcceleratorPreset
Accelerator(const std::string& name)
{
    RegistryIndex::Find("accelerator", name);
    return MakeAccelerator(name, {});
}

RingMachine
MachineOf(const NcclLog& log, const std::string& file, const CalibrateArguments& a)
{
    RingMachine m;
    m.collective = a.collective.empty() ? log.collective : a.collective;
    m.ranks = a.ranks > 0 ? a.ranks : log.ranks;
    m.hosts = a.hosts > 0 ? a.hosts : std::max(1U, log.hosts);
    const std::vector<std::string> able{"all-reduce", "all-gather", "reduce-scatter"};
    if (std::find(able.begin(), able.end(), m.collective) == able.end())
    {
        throw InputError(file + ": " +
                         (m.collective.empty() ? "it does not say which collective ran"
                                               : "'" + m.collective + "' is no ring collective") +
                         "; --collective takes all-reduce, all-gather or reduce-scatter.");
    }
    if (m.ranks < 2 || m.ranks % m.hosts != 0)
    {
        throw InputError(file + ": " + std::to_string(m.ranks) + " ranks on " +
                         std::to_string(m.hosts) + " hosts: give --ranks and --hosts.");
    }
    if (m.hosts > 1 && a.nicRate.empty())
    {
        throw InputError("--nic-rate is needed: the log ran on several hosts.");
    }
    const AcceleratorPreset accelerator = Accelerator(a.accelerator);
    m.scaleUpBandwidth = accelerator.scaleUp.portRate.bytesPerSecond();
    m.scaleUpLatency = accelerator.scaleUp.latency;
    m.scaleOutLatency = kScaleOutLatency;
    if (m.hosts > 1)
    {
        const uint32_t nics = a.nicsPerHost > 0 ? a.nicsPerHost : m.ranks / m.hosts;
        m.hostBandwidth = ParseRate(a.nicRate).bytesPerSecond() * nics;
    }
    return m;
}

/// Which of `count` rows are fitted.
std::vector<bool>
ChooseRows(const std::string& choice, size_t count)
{
    std::vector<bool> fitted(count, choice == "all");
    if (choice == "alternate")
    {
        for (size_t i = 0; i < count; i += 2)
        {
            fitted[i] = true;
        }
        return fitted;
    }
    std::istringstream in(choice == "all" ? "" : choice);
    for (std::string number; std::getline(in, number, ',');)
    {
        const bool digits = number.find_first_not_of("0123456789") == std::string::npos;
        const size_t row = digits && !number.empty() && number.size() < 9 ? std::stoul(number) : 0;
        if (row == 0 || row > count)
        {
            throw InputError("--fit-rows: '" + number + "' is none of the " +
                             std::to_string(count) + " rows of 1 MiB or more.");
        }
        fitted[row - 1] = true;
    }
    return fitted;
}

/// Prints every row beside its prediction.
void
PrintRows(const std::vector<NcclRow>& rows, const std::vector<bool>& fitted, const RingFit& fit)
{
    Table table({"size", "measured", "predicted", "error", ""});
    double worst = 0;
    for (size_t i = 0; i < rows.size(); ++i)
    {
        const double predicted = fit.Predict(rows[i].bytes);
        const double error = predicted / rows[i].seconds - 1;
        worst = fitted[i] ? worst : std::max(worst, std::abs(error));
        table.Add({FormatBytes(static_cast<double>(rows[i].bytes)),
                   FormatTime(FromSeconds(rows[i].seconds)),
                   FormatTime(FromSeconds(predicted)),
                   Text("%+.1f %%", 100 * error),
                   fitted[i] ? "fitted" : "held out"});
    }
    table.Print(std::cout);
    if (std::find(fitted.begin(), fitted.end(), false) != fitted.end())
    {
        std::cout << "worst error of held-out rows: " << Text("%.1f %%", 100 * worst) << '\n';
    }
}

void
AddFigure(v1::Choice& software, const char* name, Tick value)
{
    v1::Parameter& parameter = *software.add_parameters();
    parameter.set_name(name);
    parameter.set_value(Text("%.0f", static_cast<double>(value)) + "ps");
}

void
CalibrateCollectives(const CalibrateArguments& a, v1::Calibration& calibration)
{
    const std::string& file = a.logs[0];
    const NcclLog log = ReadNcclLog(file, ReadFile(file));
    const RingMachine machine = MachineOf(log, file, a);
    std::vector<NcclRow> rows;
    std::copy_if(log.rows.begin(),
                 log.rows.end(),
                 std::back_inserter(rows),
                 [](const NcclRow& row) { return row.bytes >= kSmallestFitted; });
    const std::vector<bool> fitted = ChooseRows(a.fitRows, rows.size());
    std::vector<NcclRow> chosen;
    for (size_t i = 0; i < rows.size(); ++i)
    {
        if (fitted[i])
        {
            chosen.push_back(rows[i]);
        }
    }
    RingFit fit;
    RingFigures figures{};
    try
    {
        const SoftwareModel base = FindPreset(a.base);
        fit = FitRing(chosen, machine, base);
        figures = Interpret(fit, machine, base);
    }
    catch (const InputError& error)
    {
        throw InputError(file + ": " + error.what());
    }
    std::cout << machine.collective << " over " << machine.ranks << " ranks on " << machine.hosts
              << " hosts: latency " << FormatTime(FromSeconds(fit.latency)) << ", bus bandwidth "
              << Text("%.2f GB/s", fit.busBandwidth / 1e9) << ", "
              << Text("%.1f %%", 100 * figures.efficiency) << " of "
              << (machine.hosts > 1 ? "the NICs' payload rate" : "the scale-up port") << '\n';
    PrintRows(rows, fitted, fit);
    v1::Choice& software = *calibration.mutable_software();
    software.set_name(a.base);
    AddFigure(software, "base_latency", figures.baseLatency);
    AddFigure(software, "step_latency_scale_up", figures.stepLatencyScaleUp);
    AddFigure(software, "step_latency_scale_out", figures.stepLatencyScaleOut);
    const std::string efficiency = Text("%.4f", figures.efficiency);
    machine.hosts > 1 ? calibration.set_nic_efficiency(efficiency)
                      : calibration.set_scale_up_efficiency(efficiency);
    calibration.add_note("collectives: " + file + ", " + machine.collective + ", " +
                         std::to_string(machine.ranks) + " ranks on " +
                         std::to_string(machine.hosts) + " hosts, rows fitted: " + a.fitRows);
    calibration.add_note("channels, chunks, slots and the ratio of step latencies are " + a.base +
                         "'s: a log does not tell them apart");
}

void
CalibrateKernels(const CalibrateArguments& a, v1::Calibration& calibration)
{
    const AcceleratorModel peak = Accelerator(a.accelerator).model;
    const KernelTable kernels =
        ReadKernels(a.kernels, ReadFile(a.kernels), peak.peakFlops, peak.memoryBandwidth);
    Table table({"kernel", "runs", "mean", "variation", "efficiency"});
    for (const KernelTimes& kernel : kernels.kernels)
    {
        v1::MeasuredKernel& out = *calibration.add_kernel();
        out.set_name(kernel.name);
        out.set_count(kernel.count);
        out.set_mean_time(Text("%.6g", 1e6 * kernel.meanSeconds) + "us");
        out.set_variation(Text("%.4f", kernel.variation));
        if (kernel.efficiency > 0)
        {
            out.set_efficiency(Text("%.4f", kernel.efficiency));
        }
        table.Add({kernel.name.substr(0, 48),
                   std::to_string(kernel.count),
                   FormatTime(FromSeconds(kernel.meanSeconds)),
                   Text("%.1f %%", 100 * kernel.variation),
                   kernel.efficiency > 0 ? Text("%.1f %%", 100 * kernel.efficiency) : "unknown"});
    }
    table.Print(std::cout);
    if (kernels.flopsEfficiency > 0)
    {
        calibration.set_flops_efficiency(Text("%.4f", kernels.flopsEfficiency));
    }
    if (kernels.memoryEfficiency > 0)
    {
        calibration.set_memory_efficiency(Text("%.4f", kernels.memoryEfficiency));
    }
    if (kernels.variation > 0)
    {
        calibration.set_kernel_sigma(Text("%.4f", std::min(1.0, kernels.variation)));
    }
    calibration.add_note("kernels: " + a.kernels + " against " + a.accelerator);
}

} // namespace

int
RunCalibrate(const Arguments& arguments)
{
    CalibrateArguments parsed;
    if (!Parse(arguments, parsed))
    {
        return kExitDone;
    }
    v1::Calibration calibration;
    if (!parsed.logs.empty())
    {
        CalibrateCollectives(parsed, calibration);
    }
    if (!parsed.kernels.empty())
    {
        CalibrateKernels(parsed, calibration);
    }
    google::protobuf::TextFormat::Printer printer;
    printer.SetUseUtf8StringEscaping(true);
    std::string text;
    printer.PrintToString(calibration, &text);
    std::ofstream out(parsed.out, std::ios::binary);
    out << "# Written by heddle calibrate. Use it in a scenario: cluster { calibration: \"…\" }\n"
        << text;
    if (!out.flush())
    {
        throw InputError("cannot write '" + parsed.out + "'.");
    }
    std::cout << "written: " << parsed.out << '\n';
    return kExitDone;
}

} // namespace heddle
