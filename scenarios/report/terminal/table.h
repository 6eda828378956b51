// SPDX-License-Identifier: GPL-2.0-only
//
// File: table.h
// -------------
// A plain text table: a label column and one column per thing that is compared. Widths count
// characters, not bytes.

#ifndef HEDDLE_SCENARIOS_TABLE_H
#define HEDDLE_SCENARIOS_TABLE_H

#include <ostream>
#include <string>
#include <vector>

namespace heddle
{

class Table
{
  public:
    explicit Table(std::vector<std::string> header)
    {
        m_rows.push_back(std::move(header));
    }

    /// Label and cells, as many as the header has; or a label alone, a heading that may be wider.
    void Add(std::vector<std::string> row)
    {
        m_rows.push_back(std::move(row));
    }

    /// An empty line; never two in a row.
    void AddGap()
    {
        if (!m_rows.back().empty())
        {
            m_rows.emplace_back();
        }
    }

    void Print(std::ostream& out) const;

  private:
    std::vector<std::vector<std::string>> m_rows;
};

/// Characters of UTF-8 text.
size_t TextWidth(const std::string& text);

} // namespace heddle

#endif
