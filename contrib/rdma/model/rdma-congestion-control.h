// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-congestion-control.h
// -------------------------------
// Congestion controls as ns-3 sees them. Every entry of the registry's category
// "congestion-control" becomes a TypeId when the library is loaded, with one attribute per
// parameter; adding a control stays one file in dataplane/congestion/. "dcqcn" is
// ns3::heddle::Dcqcn and its "ai_rate" the attribute AiRate; "none" is ns3::heddle::LineRate.
// Values are strings with units, as in scenarios:
//
//   Config::SetDefault("ns3::heddle::Dcqcn::AiRate", StringValue("20Mbps"));
//
// A value that does not parse is refused by the attribute system.

#ifndef NS3_HEDDLE_RDMA_CONGESTION_CONTROL_H
#define NS3_HEDDLE_RDMA_CONGESTION_CONTROL_H

#include "ns3/object.h"

#include <map>
#include <string>

namespace ns3
{
namespace heddle
{

class CongestionControl : public Object
{
  public:
    /// The parent of all controls; it has no constructor.
    static TypeId GetTypeId();

    /// Makes the TypeIds of registry entries that have none yet (of a library loaded later, say).
    static void RegisterAll();

    /// "dcqcn" → ns3::heddle::Dcqcn. Throws ::heddle::InputError for names not in the registry.
    static TypeId LookupByRegistryName(const std::string& name);

    /// The entry in the registry that this object stands for.
    std::string GetRegistryName() const;

    /// All parameters by registry name, as text.
    const std::map<std::string, std::string>& GetParameters() const
    {
        return m_parameters;
    }

    void SetParameter(const std::string& name, const std::string& value)
    {
        m_parameters[name] = value;
    }

  private:
    std::map<std::string, std::string> m_parameters;
};

} // namespace heddle
} // namespace ns3

#endif
