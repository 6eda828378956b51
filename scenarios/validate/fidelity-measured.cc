// SPDX-License-Identifier: GPL-2.0-only
//
// The table of errors: fidelity-measured.inc as the command wrote it. After a change of a flow
// level
//
//   heddle validate fidelity --table scenarios/validate/fidelity-measured.inc
//
// writes it again (with --filter: those rows).
#include "validate/fidelity-run.h"
#include "validate/fidelity-uncertainty.h"

#include <cstdio>
#include <map>

namespace heddle
{

const char*
MeasuredBy()
{
    return "heddle validate fidelity, heddle " HEDDLE_VERSION;
}

const std::vector<MeasuredError>&
MeasuredErrors()
{
    static const std::vector<MeasuredError> table{
#include "validate/fidelity-measured.inc"
    };
    return table;
}

std::string
MeasuredTable(const v1::FidelityReport& report)
{
    std::map<std::string, MeasuredError> rows;
    for (const MeasuredError& row : MeasuredErrors())
    {
        rows[row.Name()] = row;
    }
    for (const v1::FidelityFamily& f : report.families())
    {
        rows[f.name()] = {f.level().c_str(),
                          f.workload().c_str(),
                          f.load_balancer().c_str(),
                          f.congestion_control().c_str(),
                          f.condition().c_str(),
                          f.mean_error(),
                          f.p99_error(),
                          f.step_error()};
    }
    std::string text = "// SPDX-License-Identifier: GPL-2.0-only\n"
                       "// Written by heddle validate fidelity --table: level, workload, load "
                       "balancer, congestion\n// control, state; mean, p99, step.\n";
    for (const FidelityFamily& family : FidelitySet(false))
    {
        const auto row = rows.find(family.Name());
        if (row == rows.end())
        {
            continue; // neither run now nor before
        }
        const MeasuredError& e = row->second;
        char line[256];
        std::snprintf(line,
                      sizeof line,
                      "{\"%s\", \"%s\", \"%s\", \"%s\", \"%s\", %.4f, %.4f, %.4f},\n",
                      e.level,
                      e.workload,
                      e.loadBalancer,
                      e.congestionControl,
                      e.condition,
                      e.mean,
                      e.p99,
                      e.step);
        text += line;
    }
    return text;
}

} // namespace heddle
