// SPDX-License-Identifier: GPL-2.0-only
#include "plan/cluster/accelerators.h"

namespace heddle
{

namespace
{

using Marker = const char*; // the data is in the choice; the registry wants something to point to

/// Figures that differ between accelerators; the rest is common.
struct Figures
{
    const char* name;
    const char* description;
    const char* peak;
    const char* memory;
    const char* scaleUp; ///< per direction: half of the duplex sum that datasheets print
    const char* scaleUpLatency;
    const char* source;
    const char* latencySource;
    const char* power; ///< board power; idle accelerators of a job spin and draw not much less
    const char* price;
    const char* priceSource;
    const char* cost; ///< with its share of the host; "unknown"
    const char* costSource;
};

Choice
Describe(const Figures& f)
{
    return {
        "accelerator",
        f.name,
        f.description,
        {{"peak_flops", Quantity::Flops, f.peak, "dense BF16, no sparsity", f.source},
         {"flops_efficiency",
          Quantity::Ratio,
          "0.65",
          "share of peak that GEMMs reach inside models",
          "assumption: 0.60 to 0.70 reported on H100"},
         {"memory_bandwidth", Quantity::Bandwidth, f.memory, "HBM", f.source},
         {"memory_efficiency",
          Quantity::Ratio,
          "0.85",
          "share of HBM bandwidth that kernels reach",
          "assumption: stream-like kernels reach 0.8 to 0.92"},
         {"scale_up_rate", Quantity::Rate, f.scaleUp, "per accelerator and direction", f.source},
         {"scale_up_latency", Quantity::Time, f.scaleUpLatency, "one way", f.latencySource},
         {"power", Quantity::Power, f.power, "board power (TDP)", f.source},
         {"price_per_hour", Quantity::Money, f.price, "rental", f.priceSource},
         {"cost",
          std::string(f.cost) == "unknown" ? Quantity::Text : Quantity::Money,
          f.cost,
          "with its share of the host, for the bill",
          f.costSource}}};
}

constexpr Marker kMarker = "accelerator";

const Registration<Marker> kA100{
    Describe({"a100-sxm",
              "NVIDIA A100 SXM 80 GB: 312 TFLOP/s dense BF16, 2.04 TB/s HBM, NVLink 3.",
              "312TFLOPS",
              "2039GBps",
              "300GBps",
              "900ns",
              "NVIDIA A100 datasheet (second-hand)",
              "assumption: near NVLink 4",
              "400W",
              "1.3USD",
              "assumption: 0.55 of an H100, no figure at hand",
              "unknown",
              "no price found"}),
    kMarker};

const Registration<Marker> kH100{
    Describe({"h100-sxm",
              "NVIDIA H100 SXM: 989 TFLOP/s dense BF16, 3.35 TB/s HBM, NVLink 4.",
              "989TFLOPS",
              "3350GBps",
              "450GBps",
              "830ns",
              "NVIDIA H100 datasheet (second-hand)",
              "published microbenchmark (defaults: 0.83 us)",
              "700W",
              "2.35USD",
              "analyst estimate (mt): 1-year contract 1.70 to 2.35, spot 2.40",
              "27500USD",
              "estimate: servers of 8 at 190,000 to 250,000 USD"}),
    kMarker};

const Registration<Marker> kH200{Describe({"h200-sxm",
                                           "NVIDIA H200 SXM: H100's compute with 4.8 TB/s HBM.",
                                           "989TFLOPS",
                                           "4800GBps",
                                           "450GBps",
                                           "830ns",
                                           "NVIDIA H200 datasheet (second-hand)",
                                           "as H100",
                                           "700W",
                                           "2.6USD",
                                           "assumption: 1.1 of an H100, no figure at hand",
                                           "unknown",
                                           "no price found"}),
                                 kMarker};

const Registration<Marker> kB200{
    Describe({"b200-hgx",
              "NVIDIA HGX B200, per GPU: 2.25 PFLOP/s dense BF16, 7.7 TB/s HBM, NVLink 5.",
              "2250TFLOPS",
              "7700GBps",
              "900GBps",
              "790ns",
              "NVIDIA HGX B200 datasheet (second-hand)",
              "as GB200",
              "1000W",
              "2.75USD",
              "analyst estimate (mt): 2.4 to 3.1, middle",
              "unknown",
              "no price found"}),
    kMarker};

const Registration<Marker> kGb200{
    Describe({"gb200",
              "NVIDIA GB200, per GPU: 2.5 PFLOP/s dense BF16, 8 TB/s HBM, NVLink 5.",
              "2500TFLOPS",
              "8000GBps",
              "900GBps",
              "790ns",
              "NVIDIA Blackwell datasheet (second-hand)",
              "published microbenchmark (defaults: 0.79 us)",
              "1200W",
              "2.75USD",
              "assumption: as B200; GB300 NVL72 costs 2.69 in total (analyst estimate, sa25)",
              "48600USD",
              "estimate: racks of 72 at 3.1 to 3.9 M USD"}),
    kMarker};

const Registration<Marker> kMi300x{
    Describe({"mi300x",
              "AMD MI300X: 1.3 PFLOP/s dense BF16, 5.3 TB/s HBM, Infinity Fabric.",
              "1300TFLOPS",
              "5300GBps",
              "448GBps",
              "1us",
              "AMD MI300X datasheet (second-hand)",
              "assumption",
              "750W",
              "2USD",
              "assumption: 0.85 of an H100, no figure at hand",
              "unknown",
              "no price found"}),
    kMarker};

} // namespace

AcceleratorPreset
MakeAccelerator(const std::string& name, const std::map<std::string, std::string>& given)
{
    const ParameterValues values(RegistryIndex::Find("accelerator", name), given);
    const auto si = [&](const char* parameter, Quantity quantity)
    { return ParseQuantity(values.Text(parameter), quantity); };
    AcceleratorPreset preset;
    preset.model = {name,
                    si("peak_flops", Quantity::Flops),
                    si("flops_efficiency", Quantity::Ratio),
                    si("memory_bandwidth", Quantity::Bandwidth),
                    si("memory_efficiency", Quantity::Ratio)};
    preset.power = si("power", Quantity::Power);
    preset.pricePerHour = si("price_per_hour", Quantity::Money);
    preset.scaleUp = {values.Rate("scale_up_rate"), values.Time("scale_up_latency")};
    const std::string& cost = values.Text("cost");
    preset.cost = cost == "unknown" ? NotFoundFigure("USD", "no figure found")
                                    : Figure{ParseQuantity(cost, Quantity::Money),
                                             "USD",
                                             kUnknown,
                                             kUnknown,
                                             "preset",
                                             Grade::Estimate};
    return preset;
}

} // namespace heddle
