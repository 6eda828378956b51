// SPDX-License-Identifier: BSD-3-Clause
#include "ns3/base-units.h"
#include "ns3/collectives-generator.h"

#include <cstdio>

namespace heddle
{

namespace
{

std::string
Percent(double share)
{
    char text[32];
    std::snprintf(text, sizeof(text), "%.2f %%", 100 * share);
    return text;
}

std::string
Seconds(double seconds)
{
    return FormatTime(FromSeconds(seconds));
}

} // namespace

bool
SliceInfo::IsWhole() const
{
    return layersSimulated == layersTotal && microBatchesSimulated == microBatchesTotal && head &&
           gradients && optimizer;
}

double
SliceInfo::LayerShare() const
{
    return flopsSimulated / flopsTotal;
}

double
SliceInfo::SlotShare() const
{
    return static_cast<double>(microBatchesSimulated + stages - 1) /
           static_cast<double>(microBatchesTotal + stages - 1);
}

double
SliceInfo::ExtrapolateStepTime(double sliceSeconds) const
{
    return sliceSeconds / (LayerShare() * SlotShare());
}

std::string
SliceInfo::Describe(double sliceSeconds) const
{
    if (IsWhole())
    {
        return "The whole step was simulated: " + Seconds(sliceSeconds) + ".";
    }
    std::string text = "A slice was simulated: " + std::to_string(layersSimulated) + " of " +
                       std::to_string(layersTotal) + " layers (" + Percent(LayerShare()) +
                       " of the FLOPs" + (head ? "" : ", without embedding and output head") +
                       "), " + std::to_string(microBatchesSimulated) + " of " +
                       std::to_string(microBatchesTotal) + " micro-batches (" +
                       Percent(SlotShare()) + " of the pipeline's slots), ";
    text += gradients ? "gradients " + FormatBytes(gradientBytesSimulated) + " of " +
                            FormatBytes(gradientBytesTotal)
                      : std::string("no gradient exchange");
    text += optimizer ? "" : ", no optimizer";
    text += ". " + Seconds(sliceSeconds) + " simulated stands for " +
            Seconds(ExtrapolateStepTime(sliceSeconds)) +
            " if time goes with FLOPs and pipeline slots.";
    if (!gradients || !optimizer)
    {
        text += " What the slice leaves out is not in the figure.";
    }
    if (gradients && microBatchesSimulated < microBatchesTotal)
    {
        text += " Gradient exchange and optimizer run once per step but were scaled with the "
                "micro-batches: the figure is an upper estimate.";
    }
    return text;
}

} // namespace heddle
