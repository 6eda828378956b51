// SPDX-License-Identifier: GPL-2.0-only
#include "run/processes/progress.h"

#include <cmath>
#include <cstdio>
#include <sys/ioctl.h>
#include <unistd.h>

namespace heddle
{

namespace
{

size_t
TerminalWidth()
{
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

} // namespace

std::string
Duration(double seconds)
{
    const auto whole = static_cast<long>(std::ceil(seconds));
    if (whole < 60)
    {
        return std::to_string(whole) + " s";
    }
    return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
}

ProgressLine::ProgressLine(const std::string& what)
    : m_what(what),
      m_terminal(isatty(STDERR_FILENO) == 1),
      m_start(std::chrono::steady_clock::now()),
      m_shown(m_start)
{
}

ProgressLine::~ProgressLine()
{
    if (m_terminal)
    {
        std::fputs("\r\033[K", stderr);
    }
}

void
ProgressLine::Show(double done, const std::vector<std::string>& running)
{
    const auto now = std::chrono::steady_clock::now();
    if (!m_terminal || now - m_shown < std::chrono::milliseconds(100))
    {
        return;
    }
    m_shown = now;
    const double elapsed = std::chrono::duration<double>(now - m_start).count();
    char percent[16];
    std::snprintf(percent, sizeof percent, "%3.0f %%", 100 * done);
    std::string line = m_what + "  " + percent;
    if (done > 0.02 && elapsed > 1)
    {
        line += ", " + Duration(elapsed * (1 - done) / done) + " left";
    }
    for (size_t i = 0; i < running.size(); ++i)
    {
        line += (i == 0 ? "  (" : ", ") + running[i] + (i + 1 == running.size() ? ")" : "");
    }
    line = line.substr(0, TerminalWidth() - 1);
    std::fprintf(stderr, "\r%s\033[K", line.c_str());
    std::fflush(stderr);
}

} // namespace heddle
