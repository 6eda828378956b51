// SPDX-License-Identifier: GPL-2.0-only
#include "report/terminal/summary-rows.h"

namespace heddle
{

std::string
Print(const char* format, double value)
{
    char text[48];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

std::string
Percent(double share)
{
    return Print("%.1f %%", 100 * share);
}

void
AddRow(Table& table, const v1::Result& result, const std::string& label, const CellFn& cell)
{
    std::vector<std::string> row{label};
    bool any = false;
    for (const v1::FabricResult& fabric : result.fabrics())
    {
        row.push_back(cell(fabric));
        any |= !row.back().empty();
    }
    if (any)
    {
        table.Add(std::move(row));
    }
}

} // namespace heddle
