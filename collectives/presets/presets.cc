// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-errors.h"
#include "ns3/collectives-presets.h"

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>

namespace heddle
{

namespace
{

constexpr auto kV = FigureGrade::Verified;
constexpr auto kD = FigureGrade::Derived;
constexpr auto kA = FigureGrade::Assumption;

const char* const kGraph = "NCCL 2.30.7 graph/search.cc and connect.cc run on the described host: ";
const char* const kTuner = "NCCL 2.30.7 graph/tuning.cc: ";
const char* const kInit = "NCCL 2.30.7 init.cc, device.h: ";

/// Figures that all NCCL presets share.
std::vector<PresetFigure>
NcclCommon()
{
    const auto ratio = Quantity::Ratio;
    const auto size = Quantity::Size;
    const auto time = Quantity::Time;
    return {
        {"queue_pairs_per_connection",
         "1",
         ratio,
         kV,
         "NCCL_IB_QPS_PER_CONNECTION default, net_ib"},
        {"min_bytes_per_channel",
         "32KiB",
         size,
         kV,
         "NCCL 2.30.7 enqueue.cc: a channel is dropped below 512 threads × 64 B (Simple)"},
        {"ring_chunk", "1MiB", size, kV, std::string(kInit) + "a slice is 2 of 8 slots of 512 KiB"},
        {"ring_slices", "2", ratio, kV, std::string(kInit) + "a chunk is 4 slots, cut in 2 slices"},
        {"min_slice",
         "32KiB",
         size,
         kV,
         "NCCL 2.30.7 prims_simple.h: slice = max(chunk/2, 32 KiB)"},
        {"slots",
         "8",
         ratio,
         kV,
         std::string(kInit) + "NCCL_STEPS 8 slots of 512 KiB. Known deviation: a full 1 MiB ring "
                              "slice fills two of them, so ring windows may be up to twice NCCL's"},
        {"base_latency",
         "14us",
         time,
         kV,
         std::string(kTuner) + "ring LL128, once per collective (LL 6.6, Simple 8.4)"},
        {"pxn", "1", ratio, kV, "NCCL_P2P_PXN_LEVEL default 2"},
        {"compute_slowdown",
         "18.9%",
         ratio,
         kV,
         "arXiv 2507.03114: overlapped communication slows compute 18.9 % on average, 40 % at "
         "most"},
    };
}

SoftwarePreset
NcclH100()
{
    SoftwarePreset preset{"nccl-h100",
                          "NCCL 2.30 on hosts of 8 H100 with NVSwitch and 8 × 400G NICs.",
                          NcclCommon()};
    const auto ratio = Quantity::Ratio;
    const std::vector<PresetFigure> own = {
        {"channels",
         "16",
         ratio,
         kD,
         std::string(kGraph) + "8 search channels doubled on 2 hosts or more (24 on one host)"},
        {"rings_per_nic",
         "2",
         ratio,
         kD,
         std::string(kGraph) + "16 channels over 8 NICs, hence 2 flows per NIC and direction"},
        {"p2p_chunk", "128KiB", Quantity::Size, kV, "NCCL_P2P_NET_CHUNKSIZE default, init.cc"},
        {"p2p_channels_per_peer",
         "4",
         ratio,
         kD,
         "NCCL 2.30.7 graph/paths.cc: ceil(48 GB/s / 14 GB/s) for a 400G peer"},
        {"step_latency_scale_up",
         "1.07us",
         Quantity::Time,
         kD,
         std::string(kTuner) +
             "ring LL128 over NVLink 1.9 us, less 0.83 us measured NVLink latency "
             "(Simple 3.4 us, LL 0.6)"},
        {"step_latency_scale_out",
         "1.5us",
         Quantity::Time,
         kD,
         std::string(kTuner) + "ring LL128 over the network 4.0 us, less 2.5 us one way over one "
                               "switch (Barre, ATC'25: RTT 5 us). Simple: 14 us with flush"},
    };
    preset.figures.insert(preset.figures.end(), own.begin(), own.end());
    return preset;
}

SoftwarePreset
NcclGb200()
{
    SoftwarePreset preset{"nccl-gb200",
                          "NCCL 2.30 on GB200 NVL72: scale-up domains of 18 trays with 4 GPUs and "
                          "4 × 400G NICs each.",
                          NcclCommon()};
    const auto ratio = Quantity::Ratio;
    const std::vector<PresetFigure> own = {
        {"channels",
         "32",
         ratio,
         kD,
         std::string(kGraph) + "16 search channels doubled, 2 NVL72 domains or more"},
        {"rings_per_nic",
         "2",
         ratio,
         kD,
         std::string(kGraph) + "rings enter at 16 of 72 NICs, 2 each; the others carry none"},
        {"p2p_chunk", "256KiB", Quantity::Size, kV, "NCCL 2.30.7 init.cc: Arm with Blackwell"},
        {"p2p_channels_per_peer",
         "4",
         ratio,
         kA,
         "as H100: ceil(48 GB/s / 14 GB/s) for a 400G peer; one NVL72 pair was found to use 1"},
        {"step_latency_scale_up",
         "1.11us",
         Quantity::Time,
         kD,
         std::string(kTuner) + "ring LL128 over NVLink 1.9 us, less 0.79 us NVLink latency "
                               "(Simple 3.4 us; the tuner has one weight for both generations)"},
        {"step_latency_scale_out",
         "1.5us",
         Quantity::Time,
         kD,
         std::string(kTuner) + "ring LL128 over the network 4.0 us, less 2.5 us one way over one "
                               "switch (Barre, ATC'25: RTT 5 us). Simple: 14 us with flush"},
    };
    preset.figures.insert(preset.figures.end(), own.begin(), own.end());
    return preset;
}

SoftwarePreset
None()
{
    return {"none",
            "No software: one channel, unlimited messages and windows, no latency. The textbook's "
            "algorithms.",
            {{"channels", "1", Quantity::Ratio, kA, "textbook"},
             {"pxn", "1", Quantity::Ratio, kA, "on, so that rail fabrics carry all-to-all"}}};
}

uint64_t
WholeNumber(const std::string& field, const std::string& value, uint64_t largest)
{
    double number = ParseQuantity(value, Quantity::Ratio);
    if (!(number >= 0) || number > static_cast<double>(largest) ||
        number != static_cast<double>(static_cast<uint64_t>(number)))
    {
        throw InputError("software model field '" + field + "': '" + value +
                         "' is not a whole number between 0 and " + std::to_string(largest));
    }
    return static_cast<uint64_t>(number);
}

using Setter = void (*)(SoftwareModel&, const std::string& field, const std::string& value);

template <uint32_t SoftwareModel::*Field>
void
SetCount(SoftwareModel& model, const std::string& field, const std::string& value)
{
    model.*Field =
        static_cast<uint32_t>(WholeNumber(field, value, std::numeric_limits<uint32_t>::max()));
}

template <uint64_t SoftwareModel::*Field>
void
SetSize(SoftwareModel& model, const std::string&, const std::string& value)
{
    model.*Field = ParseSize(value);
}

template <Tick SoftwareModel::*Field>
void
SetTime(SoftwareModel& model, const std::string&, const std::string& value)
{
    model.*Field = ParseTime(value);
}

void
SetPxn(SoftwareModel& model, const std::string& field, const std::string& value)
{
    model.pxn = WholeNumber(field, value, 1) == 1;
}

void
SetSlowdown(SoftwareModel& model, const std::string& field, const std::string& value)
{
    double share = ParseQuantity(value, Quantity::Ratio);
    if (!(share >= 0) || share > 10)
    {
        throw InputError("software model field '" + field + "': '" + value +
                         "' is not between 0 and 10");
    }
    model.computeSlowdown = share;
}

const std::map<std::string, Setter>&
Setters()
{
    static const std::map<std::string, Setter> setters = {
        {"base_latency", &SetTime<&SoftwareModel::baseLatency>},
        {"channels", &SetCount<&SoftwareModel::channels>},
        {"compute_slowdown", &SetSlowdown},
        {"min_bytes_per_channel", &SetSize<&SoftwareModel::minBytesPerChannel>},
        {"min_slice", &SetSize<&SoftwareModel::minSliceBytes>},
        {"p2p_channels_per_peer", &SetCount<&SoftwareModel::p2pChannelsPerPeer>},
        {"p2p_chunk", &SetSize<&SoftwareModel::p2pChunkBytes>},
        {"pxn", &SetPxn},
        {"queue_pairs_per_connection", &SetCount<&SoftwareModel::queuePairsPerConnection>},
        {"ring_chunk", &SetSize<&SoftwareModel::ringChunkBytes>},
        {"ring_slices", &SetCount<&SoftwareModel::ringSlices>},
        {"rings_per_nic", &SetCount<&SoftwareModel::ringsPerNic>},
        {"slots", &SetCount<&SoftwareModel::slots>},
        {"step_latency_scale_out", &SetTime<&SoftwareModel::stepLatencyScaleOut>},
        {"step_latency_scale_up", &SetTime<&SoftwareModel::stepLatencyScaleUp>},
    };
    return setters;
}

const SoftwarePreset&
PresetNamed(const std::string& name)
{
    std::vector<std::string> names;
    for (const SoftwarePreset& preset : SoftwarePresets())
    {
        if (preset.name == name)
        {
            return preset;
        }
        names.push_back(preset.name);
    }
    throw InputError("unknown software model '" + name + "'." + DidYouMean(name, names));
}

} // namespace

const std::vector<SoftwarePreset>&
SoftwarePresets()
{
    static const std::vector<SoftwarePreset> presets = {NcclGb200(), NcclH100(), None()};
    return presets;
}

std::vector<std::string>
SoftwareFields()
{
    std::vector<std::string> fields;
    for (const auto& [field, setter] : Setters())
    {
        fields.push_back(field);
    }
    return fields;
}

void
SetSoftwareField(SoftwareModel& model, const std::string& field, const std::string& value)
{
    auto it = Setters().find(field);
    if (it == Setters().end())
    {
        throw InputError("unknown software model field '" + field + "'." +
                         DidYouMean(field, SoftwareFields()));
    }
    it->second(model, field, value);
}

SoftwareModel
FindPreset(const std::string& name)
{
    const SoftwarePreset& preset = PresetNamed(name);
    SoftwareModel model;
    model.name = preset.name;
    for (const PresetFigure& figure : preset.figures)
    {
        SetSoftwareField(model, figure.field, figure.value);
    }
    return model;
}

std::string
FormatPreset(const std::string& name)
{
    static const char* const grades[] = {"verified", "derived", "assumption"};
    const SoftwarePreset& preset = PresetNamed(name);
    std::ostringstream text;
    text << preset.name << ": " << preset.description << "\n";
    for (const PresetFigure& figure : preset.figures)
    {
        text << "  " << figure.field << " = " << figure.value << "  ["
             << grades[static_cast<int>(figure.grade)] << "] " << figure.source << "\n";
    }
    return text.str();
}

} // namespace heddle
