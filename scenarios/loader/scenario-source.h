// SPDX-License-Identifier: GPL-2.0-only
//
// File: scenario-source.h
// -----------------------
// A scenario file as read: the message, where each field stands, and which fields have been used.
//
//   ScenarioSource source("incast.textproto", {"run.seed=7"});
//   ScenarioNode cluster = source.Root().Child("cluster");
//   const uint64_t hosts = cluster.RequiredCount("hosts");        // marks it as used
//   const BitRate rate = cluster.Child("nic").RequiredRate("rate");
//   source.RequireAllUsed();                                      // InputError on the rest
//
// Every error is an InputError that begins with "file:line: field:". On load the text is parsed
// (unknown fields are answered with the nearest names), and every quantity is checked against the
// unit, sign and limit that the schema's options demand, whether it will be used or not.

#ifndef HEDDLE_SCENARIOS_SCENARIO_SOURCE_H
#define HEDDLE_SCENARIOS_SCENARIO_SOURCE_H

#include "ns3/base-errors.h"
#include "ns3/base-units.h"

#include "heddle.pb.h"

#include <google/protobuf/text_format.h>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle
{

class ScenarioSource;

/// An InputError that names its place already.
class ScenarioError : public InputError
{
  public:
    using InputError::InputError;
};

/**
 * One message of the scenario, over an optional fallback (a `fabric` over `defaults`): a field that
 * the first does not have is taken from the second. Reading a field marks it as used where it was
 * found. Cheap to copy; the source must outlive it.
 */
class ScenarioNode
{
  public:
    bool Has(std::string_view field) const; ///< does not mark
    /// The text of `field` in the block `child`; does not mark.
    std::optional<std::string> Peek(std::string_view child, std::string_view field) const;

    std::optional<std::string> Text(std::string_view field) const;
    std::string Text(std::string_view field, const std::string& fallback) const;
    std::string RequiredText(std::string_view field) const;

    uint64_t Count(std::string_view field, uint64_t fallback) const;
    uint64_t RequiredCount(std::string_view field) const;
    bool Flag(std::string_view field, bool fallback) const;
    std::vector<uint64_t> Counts(std::string_view field) const;   ///< repeated numbers
    std::vector<std::string> Texts(std::string_view field) const; ///< repeated strings

    BitRate RequiredRate(std::string_view field) const;
    BitRate Rate(std::string_view field, BitRate fallback) const;
    Tick Time(std::string_view field, Tick fallback) const;
    uint64_t Size(std::string_view field, uint64_t fallback) const;
    uint64_t RequiredSize(std::string_view field) const;
    double Ratio(std::string_view field, double fallback) const;
    double RequiredRatio(std::string_view field) const;
    double Length(std::string_view field, double fallback) const; ///< m

    ScenarioNode Child(std::string_view field) const; ///< empty when absent
    std::vector<ScenarioNode> Children(std::string_view field) const;
    /// The member of a oneof that is set; empty when none.
    std::string Which(std::string_view oneof) const;
    bool empty() const;

    /// Only the first layer, without the fallback.
    ScenarioNode Own() const;
    /// One node per layer that exists, the first layer first.
    std::vector<ScenarioNode> Layers() const;
    /// This node over `fallback`.
    ScenarioNode Over(const ScenarioNode& fallback) const;

    const std::string& File() const; ///< path of the scenario
    /// "file:line: path.field" of the field, or of the message when the field is absent.
    std::string Where(std::string_view field) const;
    [[noreturn]] void Fail(std::string_view field, const std::string& text) const;
    /// Why `field` would not be used, for RequireAllUsed().
    void NotUsedBecause(std::string_view field, const std::string& reason) const;

    /// Runs `action` and puts the place of `field` before its InputError.
    template <class Action>
    auto At(std::string_view field, Action&& action) const
    {
        try
        {
            return action();
        }
        catch (const ScenarioError&)
        {
            throw; // from deeper inside, where the place is better known
        }
        catch (const InputError& error)
        {
            Fail(field, error.what());
        }
    }

  private:
    friend class ScenarioSource;
    using ParseTree = google::protobuf::TextFormat::ParseInfoTree;

    struct Layer
    {
        const google::protobuf::Message* message;
        const ParseTree* tree; ///< null where the file has no such text (overrides)
        std::string path;
        int line; ///< of the message itself
    };

    struct Found
    {
        const Layer* layer;
        const google::protobuf::FieldDescriptor* field;
    };

    std::optional<Found> Find(std::string_view field, bool mark) const;
    static std::string PathOf(const Layer& layer, std::string_view field, int index = -1);
    Layer Nested(const Layer& layer,
                 const google::protobuf::FieldDescriptor* field,
                 int index) const;

    ScenarioSource* m_source = nullptr;
    std::vector<Layer> m_layers;
};

class ScenarioSource
{
  public:
    /// Reads `path` and applies `overrides` ("run.seed=7"). Throws InputError.
    ScenarioSource(const std::string& path, const std::vector<std::string>& overrides);
    /// The same of a text that stands in no file; errors call it `name`.
    ScenarioSource(const std::string& name,
                   const std::string& text,
                   const std::vector<std::string>& overrides);
    ScenarioSource(const ScenarioSource&) = delete;
    ScenarioSource& operator=(const ScenarioSource&) = delete;

    ScenarioNode Root();

    /// The same with more overrides; what the user wrote first still counts.
    std::unique_ptr<ScenarioSource> Derive(const std::vector<std::string>& more) const;

    bool derived() const
    {
        return m_derived;
    }

    /// InputError naming every field that was written and that nothing has read, a line each.
    void RequireAllUsed();

    const std::string& path() const
    {
        return m_path;
    }

    const v1::Scenario& scenario() const
    {
        return m_scenario;
    }

    /// Content digest with all overrides, 16 hexadecimal digits.
    std::string Digest() const;

  private:
    friend class ScenarioNode;
    using Field =
        std::pair<const google::protobuf::Message*, const google::protobuf::FieldDescriptor*>;

    void Parse(const std::string& text);
    void CheckQuantities(const ScenarioNode& node) const;
    void CollectUnused(const ScenarioNode& node, std::string& report) const;

    std::string m_path;
    std::string m_text;
    std::vector<std::string> m_overrides;
    bool m_derived = false;
    v1::Scenario m_scenario;
    google::protobuf::TextFormat::ParseInfoTree m_tree;
    std::map<Field, std::string> m_overridden; ///< field → "--set text"
    std::set<Field> m_used;
    std::map<Field, std::string> m_reasons;
};

/// The value of a field of whole numbers; `index` ≥ 0 for an element of a repeated one.
uint64_t NumberOf(const google::protobuf::Message& message,
                  const google::protobuf::FieldDescriptor* field,
                  int index = -1);

/// All field names of a message type.
std::vector<std::string> FieldNames(const google::protobuf::Descriptor* type);

/// A field of one message.
using FieldOfMessage =
    std::pair<const google::protobuf::Message*, const google::protobuf::FieldDescriptor*>;

/// Applies "path.to[2].field=value" to `scenario`; returns the field that was set and the blocks
/// that had to be made for it. Throws InputError.
std::vector<FieldOfMessage> ApplyOverride(v1::Scenario& scenario, const std::string& assignment);

/// Parses textproto into `message`; InputError "file:line: …" on the first fault.
void ParseText(const std::string& path,
               const std::string& text,
               google::protobuf::Message* message,
               google::protobuf::TextFormat::ParseInfoTree* tree);

/// The unit of a field, as its schema option says; Text when it has none.
Quantity QuantityOf(const google::protobuf::FieldDescriptor* field);

} // namespace heddle

#endif
