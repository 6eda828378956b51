// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-units.h
// ------------------
// Physical quantities: strong types for what is easily mixed up (bits per second and bytes), and
// the parser of the strings that files use ("400Gbps", "1.6Tbps", "500ns", "4KiB").
//
//   BitRate r = ParseRate("400Gbps");       // bits per second
//   Tick t = r.TransmitTime(4178);    // ps, rounded up
//
// A bare non-zero number is an InputError that lists the accepted units; "0" needs none.

#ifndef HEDDLE_BASE_UNITS_H
#define HEDDLE_BASE_UNITS_H

#include "ns3/base-event-core.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace heddle
{

inline constexpr Tick kPicosecond = 1;
inline constexpr Tick kNanosecond = 1000;
inline constexpr Tick kMicrosecond = 1000 * kNanosecond;
inline constexpr Tick kMillisecond = 1000 * kMicrosecond;
inline constexpr Tick kSecond = 1000 * kMillisecond;

inline double
ToSeconds(Tick t)
{
    return static_cast<double>(t) * 1e-12;
}

/// Rounds to the nearest picosecond. Range ±106 days.
Tick FromSeconds(double seconds);

/// Bits per second.
class BitRate
{
  public:
    constexpr BitRate() = default;

    constexpr explicit BitRate(uint64_t bitsPerSecond) : m_bps(bitsPerSecond)
    {
    }

    constexpr uint64_t bps() const
    {
        return m_bps;
    }

    double bytesPerSecond() const
    {
        return static_cast<double>(m_bps) / 8.0;
    }

    /// Serialisation time of `bytes`, in ps, rounded up (64 B at 800 Gb/s = 640 ps). Rate > 0.
    Tick TransmitTime(uint64_t bytes) const
    {
        constexpr uint64_t kScale = 8'000'000'000'000;       // ps · bits per second, per byte
        if (bytes < 1'000'000 && m_bps < kScale * 1'000'000) // then 64 bits hold it
        {
            return static_cast<Tick>((bytes * kScale + m_bps - 1) / m_bps);
        }
        __extension__ using Wide = unsigned __int128; // not ISO C++, which ns-3 asks for
        const Wide bits = static_cast<Wide>(bytes) * kScale;
        return static_cast<Tick>((bits + m_bps - 1) / m_bps);
    }

    friend constexpr bool operator==(BitRate a, BitRate b)
    {
        return a.m_bps == b.m_bps;
    }

    friend constexpr bool operator<(BitRate a, BitRate b)
    {
        return a.m_bps < b.m_bps;
    }

  private:
    uint64_t m_bps = 0;
};

enum class Quantity
{
    Rate,      ///< bps kbps Mbps Gbps Tbps, and Bps kBps MBps GBps TBps (bytes)
    Time,      ///< ps ns us ms s min h d
    Size,      ///< B kB MB GB TB KiB MiB GiB TiB
    Power,     ///< mW W kW MW
    Energy,    ///< pJ nJ uJ mJ J kJ MJ kWh
    Flops,     ///< FLOPS GFLOPS TFLOPS PFLOPS (operations per second)
    Bandwidth, ///< memory: Bps … TBps
    Length,    ///< mm cm m km
    Money,     ///< USD
    Ratio,     ///< plain number or "12%"
    Text,      ///< free text, not parsed (a name in a parameter list)
};

/// The accepted units of a quantity, for messages: "bps, kbps, …".
std::string AcceptedUnits(Quantity quantity);

/// SI value (bits/s, s, bytes, W, J, FLOP/s, bytes/s, m, USD, 1). Throws InputError.
double ParseQuantity(std::string_view text, Quantity quantity);

BitRate ParseRate(std::string_view text);  ///< throws InputError
Tick ParseTime(std::string_view text);     ///< ps; throws InputError; negative is an error
uint64_t ParseSize(std::string_view text); ///< bytes; throws InputError

std::string FormatRate(BitRate rate);  ///< "400 Gb/s"
std::string FormatTime(Tick time);     ///< "1.234 ms"
std::string FormatBytes(double bytes); ///< "268.4 MB"

} // namespace heddle

#endif
