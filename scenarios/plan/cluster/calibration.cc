// SPDX-License-Identifier: GPL-2.0-only
#include "plan/cluster/calibration.h"

#include "loader/scenario-source.h"

#include "ns3/collectives-presets.h"

#include "heddle.pb.h"

#include <fstream>
#include <sstream>

namespace heddle
{

namespace
{

v1::Calibration
Load(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    if (!in)
    {
        throw InputError("cannot read '" + path + "'.");
    }
    std::ostringstream text;
    text << in.rdbuf();
    v1::Calibration calibration;
    google::protobuf::TextFormat::ParseInfoTree tree;
    ParseText(path, text.str(), &calibration, &tree);
    return calibration;
}

double
Share(const std::string& path, const char* field, bool has, const std::string& text, double absent)
{
    if (!has)
    {
        return absent;
    }
    const double value = ParseQuantity(text, Quantity::Ratio);
    if (!(value >= 0 && value <= 1))
    {
        throw InputError(path + ": " + field + ": '" + text + "' is not between 0 and 1.");
    }
    return value;
}

} // namespace

std::string
Beside(const std::string& scenario, const std::string& path)
{
    const size_t slash = scenario.rfind('/');
    const bool absolute = !path.empty() && path[0] == '/';
    return absolute || slash == std::string::npos ? path : scenario.substr(0, slash + 1) + path;
}

CalibrationPlan
ReadCalibration(const ScenarioNode& cluster)
{
    CalibrationPlan plan;
    if (!cluster.Has("calibration"))
    {
        return plan;
    }
    const std::string path = Beside(cluster.File(), cluster.RequiredText("calibration"));
    return cluster.At(
        "calibration",
        [&]
        {
            const v1::Calibration c = Load(path);
            const auto share = [&](const char* field, bool has, const std::string& text)
            {
                const double value = Share(path, field, has, text, 1);
                if (value == 0)
                {
                    throw InputError(path + ": " + field + " must be positive.");
                }
                return value;
            };
            if (c.has_software())
            {
                plan.software = c.software().name();
                SoftwareModel model = FindPreset(plan.software);
                for (const v1::Parameter& figure : c.software().parameters())
                {
                    SetSoftwareField(model, figure.name(), figure.value());
                    plan.softwareFigures[figure.name()] = figure.value();
                }
            }
            plan.nicEfficiency =
                share("nic_efficiency", c.has_nic_efficiency(), c.nic_efficiency());
            plan.scaleUpEfficiency =
                share("scale_up_efficiency", c.has_scale_up_efficiency(), c.scale_up_efficiency());
            if (c.has_flops_efficiency())
            {
                share("flops_efficiency", true, c.flops_efficiency());
                plan.accelerator["flops_efficiency"] = c.flops_efficiency();
            }
            if (c.has_memory_efficiency())
            {
                share("memory_efficiency", true, c.memory_efficiency());
                plan.accelerator["memory_efficiency"] = c.memory_efficiency();
            }
            plan.kernelSigma =
                Share(path, "kernel_sigma", c.has_kernel_sigma(), c.kernel_sigma(), 0);
            return plan;
        });
}

} // namespace heddle
