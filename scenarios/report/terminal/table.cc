// SPDX-License-Identifier: GPL-2.0-only
#include "report/terminal/table.h"

#include <algorithm>

namespace heddle
{

size_t
TextWidth(const std::string& text)
{
    return static_cast<size_t>(
        std::count_if(text.begin(),
                      text.end(),
                      [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

void
Table::Print(std::ostream& out) const
{
    std::vector<size_t> widths;
    for (const auto& row : m_rows)
    {
        widths.resize(std::max(widths.size(), row.size()));
        for (size_t i = 0; row.size() > 1 && i < row.size(); ++i)
        {
            widths[i] = std::max(widths[i], TextWidth(row[i]));
        }
    }
    for (const auto& row : m_rows)
    {
        std::string line;
        for (size_t i = 0; i < row.size(); ++i)
        {
            const size_t width = TextWidth(row[i]);
            const std::string pad(widths[i] - std::min(widths[i], width), ' ');
            line += i == 0 ? row[i] + pad : "  " + pad + row[i];
        }
        out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
    }
}

} // namespace heddle
