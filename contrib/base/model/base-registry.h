// SPDX-License-Identifier: BSD-3-Clause
//
// File: base-registry.h
// ---------------------
// One registry for everything that is chosen by name: a congestion control, a load balancer, a
// topology, a collective algorithm, a link technology, an importer. Each is one file that registers
// itself with a one-paragraph description and its parameters:
//
//   const Registration<CongestionControlFactory> kDcqcn{
//       {"congestion-control", "dcqcn", "Rate control from ECN marks …",
//        {{"alpha_g", Quantity::Ratio, "0.00390625", "gain of alpha", "SIGCOMM'15 s.5"}}},
//       &MakeDcqcn};
//   …
//   auto& entry = Registry<CongestionControlFactory>::Get("congestion-control", name); // or
//   InputError
//
// Registration happens at library load, look-up afterwards: no locks.

#ifndef HEDDLE_BASE_REGISTRY_H
#define HEDDLE_BASE_REGISTRY_H

#include "ns3/base-units.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heddle
{

/// One parameter of a registered choice. Values travel as text with units until parsed.
struct Parameter
{
    std::string name; ///< snake_case
    Quantity quantity;
    std::string defaultValue;
    std::string help;
    std::string source; ///< paper section, datasheet, standard clause, or "assumption"
};

struct Choice
{
    std::string category; ///< "congestion-control", "load-balancer", "topology", …
    std::string name;     ///< kebab-case
    std::string description;
    std::vector<Parameter> parameters;
};

/// Values given for a choice's parameters. Every given value must be consumed by name:
/// Parameters' constructor throws InputError on a name that the choice does not have.
class ParameterValues
{
  public:
    ParameterValues() = default;
    /// `given`: name → text. Unlisted parameters take their defaults.
    ParameterValues(const Choice& choice, const std::map<std::string, std::string>& given);

    double Number(std::string_view name) const; ///< SI value
    Tick Time(std::string_view name) const;     ///< ps
    BitRate Rate(std::string_view name) const;
    uint64_t Size(std::string_view name) const; ///< bytes
    const std::string& Text(std::string_view name) const;

  private:
    std::map<std::string, std::string, std::less<>> m_values;
};

/// Type-erased part: what `heddle list` prints.
class RegistryIndex
{
  public:
    static void Add(const Choice& choice, const void* factory);
    static std::vector<const Choice*> All();                                     ///< sorted
    static std::vector<std::string> Names(std::string_view category);            ///< sorted
    static const Choice& Find(std::string_view category, std::string_view name); ///< or InputError
    static const void* Factory(std::string_view category, std::string_view name);
};

/// A self-registering entry; `F` is a function-pointer type.
template <class F>
class Registration
{
  public:
    Registration(const Choice& choice, F factory) : m_factory(factory)
    {
        RegistryIndex::Add(choice, &m_factory);
    }

    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

  private:
    F m_factory;
};

/// The factory registered under a name; throws InputError with the nearest names.
template <class F>
F
FindFactory(std::string_view category, std::string_view name)
{
    return *static_cast<const F*>(RegistryIndex::Factory(category, name));
}

} // namespace heddle

#endif
