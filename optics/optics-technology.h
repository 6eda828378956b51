// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-technology.h
// -------------------------
// What a link is made of: copper, active copper, pluggable and co-packaged optics, each with power,
// added latency, reach, failure rate and price. Each technology is one file in technologies/ (and
// its line in CMakeLists.txt) that registers itself in category "link-technology".
//
//   const LinkTechnology& aec = FindLinkTechnology("aec");        // or InputError
//   RateOption option = aec.At(ParseRate("800Gbps"));
//   option.activePower.value;                                    // 5 (W per end)
//   LinkTechnology mine = ConfigureLinkTechnology("aec", {{"power_800g", "6W"}});
//
// Every number is a Figure: value, unit, range, source, grade. An unknown figure is NaN with grade
// NotFound; it is never taken as zero. The range is what the sources span, not a confidence
// interval.
//
// Conventions. Power is per END of a link and excludes the host SerDes, which sits inside the power
// of the switch ASIC or NIC (hostSerdesEnergy is given for models whose ASIC power excludes its
// I/O). A cable's price is halved per end. Latencies are one way, for the whole link.
//
// Rates. Figures are measured or quoted at some rates (400, 800, 1600 Gb/s); where a technology has
// none at a rate, its file scales one and grades it Assumption. At() scales linearly to any other
// rate, says so in the source and grades the result Assumption. Fewer or slower lanes rarely save
// power in full proportion: downscaled values are on the low side.
//
// Known limits. No published idle power was found: links send idle symbols, so idle = active is
// assumed. Module latencies are vendor or committee estimates, none measured. MTBF figures come
// from 400 Gb/s ports and are assumed to hold at other rates. Permanent failures only: flaps are
// orders of magnitude more frequent and no per-link rate is published. No repair times.

#ifndef HEDDLE_OPTICS_TECHNOLOGY_H
#define HEDDLE_OPTICS_TECHNOLOGY_H

#include "ns3/base-registry.h"
#include "ns3/base-units.h"

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace heddle
{

/// How far a figure may be trusted.
enum class Grade : uint8_t
{
    Primary,    ///< the primary document was opened
    Secondary,  ///< the primary is named, the number was read second-hand
    Vendor,     ///< vendor claim
    Estimate,   ///< analyst or retail estimate
    LowQuality, ///< weak source
    Derived,    ///< computed from sourced figures
    Assumption, ///< no source supports the value
    Scenario,   ///< given by the user
    NotFound,   ///< no figure: the value is NaN
};

const char* GradeName(Grade grade);

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct Figure
{
    double value = kUnknown;
    std::string unit;      ///< "W", "USD", "ps", "ps/m", "m", "h", "pJ/bit", "1"
    double low = kUnknown; ///< NaN: no lower bound known
    double high = kUnknown;
    std::string source;
    Grade grade = Grade::NotFound;

    bool known() const
    {
        return value == value;
    }

    double lowOrValue() const
    {
        return low == low ? low : value;
    }

    double highOrValue() const
    {
        return high == high ? high : value;
    }
};

/// A figure that nobody published; `where` says what was searched or why there is none.
Figure NotFoundFigure(const std::string& unit, const std::string& where);

/// `figure` × `factor`, graded Assumption; the source tells factor, reason and origin.
Figure ScaledFigure(const Figure& figure, double factor, const std::string& reason);

/// Idle = active, graded Assumption (see Known limits).
Figure IdleAsActive(const Figure& active);

/// Zero watts by construction: the technology has no external laser source.
Figure NoExternalLaser();

/// 112G long-reach host SerDes, pJ/bit per end.
Figure HostLongReachSerdes();

/// RS(544,514) decoding in the host, ps per link one way.
Figure Kp4Latency();

Figure FibrePropagation();  ///< ps/m
Figure TwinaxPropagation(); ///< ps/m
Figure Kp4PreFecBer();      ///< pre-FEC BER class of KP4-protected PAM4 links

/// The figures of one end at one port rate.
struct RateOption
{
    BitRate rate;
    Figure activePower;        ///< W per end, external laser included, host SerDes excluded
    Figure idlePower;          ///< W per end, link up, no traffic
    Figure externalLaserPower; ///< W per end: the part of activePower in external laser sources
    Figure cost;               ///< USD per end
};

struct LinkTechnology
{
    std::string name; ///< kebab-case
    std::string description;
    bool cable = false;              ///< one assembly: both ends alike and replaced together
    uint32_t failureUnits = 2;       ///< per link: what the MTBF counts (1 cable, or 2 ends)
    std::string replaceableUnit;     ///< what a repair swaps
    std::vector<RateOption> options; ///< ascending rates
    Figure hostSerdesEnergy;         ///< pJ/bit per end, not in the power figures
    Figure addedLatency;             ///< ps one way: DSPs or retimers of both ends
    Figure hostFecLatency;           ///< ps one way: host FEC, not in addedLatency
    Figure propagation;              ///< ps/m
    Figure reach;                    ///< m; `high` = the longest variant
    Figure mtbf;                     ///< h per failure unit
    Figure preFecBer; ///< highest bit-error ratio before FEC that the link class allows

    /// The figures at `rate`: as listed, or scaled linearly from the nearest listed rate.
    /// Throws InputError on rate 0.
    RateOption At(BitRate rate) const;

    /// One-way latency of a link of `metres`: added + host FEC + propagation, in ps. `metres` ≥ 0.
    Tick OneWayLatency(double metres) const;
};

/// Every figure with its parameter name ("power_800g", "added_latency", …), in a fixed order.
std::vector<std::pair<std::string, const Figure*>> Figures(const LinkTechnology& technology);

/// A table of all figures, ranges, grades and sources.
std::string DescribeLinkTechnology(const LinkTechnology& technology);

/// Throws InputError with the nearest names.
const LinkTechnology& FindLinkTechnology(std::string_view name);

/// All registered technologies, by name.
std::vector<const LinkTechnology*> AllLinkTechnologies();

/// A technology with figures replaced by the scenario's: figure name → quantity ("power_800g" →
/// "6W"; "mtbf" → "1000000h"). Throws InputError on an unknown name, unit or a negative value.
LinkTechnology ConfigureLinkTechnology(std::string_view name,
                                       const std::map<std::string, std::string>& given);

/// Throws InputError when a link of `metres` is beyond the technology's reach, naming the
/// technologies that reach it, shortest reach first.
void CheckReach(const LinkTechnology& technology, double metres);

/// Registers a technology; its parameters are made from its figures.
class TechnologyRegistration
{
  public:
    explicit TechnologyRegistration(LinkTechnology technology);

  private:
    LinkTechnology m_technology;
    Registration<const LinkTechnology*> m_registration;
};

} // namespace heddle

#endif
