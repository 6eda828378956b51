// SPDX-License-Identifier: GPL-2.0-only
#include "simai-workload.h"

#include "ns3/base-errors.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>

namespace heddle
{

namespace
{

constexpr size_t kColumns = 12;

struct Token
{
    std::string text;
    SimaiPlace place;
};

const std::map<std::string, SimaiPolicy>&
Policies()
{
    static const std::map<std::string, SimaiPolicy> kPolicies{
        {"HYBRID_TRANSFORMER", SimaiPolicy::Transformer},
        {"HYBRID_TRANSFORMER_FWD_IN_BCKWD", SimaiPolicy::TransformerFwdInBckwd},
        {"DATA", SimaiPolicy::Data},
        {"MODEL", SimaiPolicy::Model},
        {"HYBRID_DATA_MODEL", SimaiPolicy::HybridDataModel},
        {"MICRO", SimaiPolicy::MicroBenchmark},
        {"DISTRIBUTED_INFERENCE", SimaiPolicy::DistributedInference}};
    return kPolicies;
}

const std::map<std::string, CollectiveKind>&
Kinds()
{
    static const std::map<std::string, CollectiveKind> kKinds{
        {"ALLREDUCE", CollectiveKind::AllReduce},
        {"ALLGATHER", CollectiveKind::AllGather},
        {"REDUCESCATTER", CollectiveKind::ReduceScatter},
        {"ALLTOALL", CollectiveKind::AllToAll},
        {"BROADCAST", CollectiveKind::Broadcast}};
    return kKinds;
}

template <class T>
std::vector<std::string>
Names(const std::map<std::string, T>& map)
{
    std::vector<std::string> names;
    names.reserve(map.size());
    for (const auto& [name, value] : map)
    {
        names.push_back(name);
    }
    return names;
}

std::vector<Token>
Split(const std::string& line, int number)
{
    const std::string blanks = " \t\r\v\f";
    std::vector<Token> tokens;
    size_t at = 0;
    while ((at = line.find_first_not_of(blanks, at)) != std::string::npos)
    {
        size_t end = line.find_first_of(blanks, at);
        end = end == std::string::npos ? line.size() : end;
        tokens.push_back({line.substr(at, end - at), {number, static_cast<int>(at) + 1}});
        at = end;
    }
    return tokens;
}

class Reader
{
  public:
    explicit Reader(const std::string& path) : m_path(path)
    {
        std::ifstream file(path);
        if (!file)
        {
            throw InputError(path + ": cannot be opened");
        }
        std::string line;
        for (int number = 1; std::getline(file, line); ++number)
        {
            auto tokens = Split(line, number);
            if (!tokens.empty())
            {
                m_lines.push_back(std::move(tokens));
            }
            m_lastLine = number;
        }
    }

    SimaiWorkload Read()
    {
        SimaiWorkload workload;
        workload.path = m_path;
        if (m_lines.empty())
        {
            Fail({1, 1}, "the file is empty; line 1 names the parallelism policy");
        }
        ReadHeader(m_lines[0], workload.header);
        if (m_lines.size() < 2)
        {
            Fail({m_lastLine + 1, 1}, "the number of layers is missing");
        }
        const Token& count = m_lines[1][0];
        if (m_lines[1].size() != 1)
        {
            Fail(m_lines[1][1].place, "line 2 holds the number of layers and nothing else");
        }
        const uint64_t layers = Number(count, "number of layers");
        if (layers == 0)
        {
            Fail(count.place, "number of layers must be positive");
        }
        for (size_t i = 2; i < m_lines.size(); ++i)
        {
            if (i - 2 == layers)
            {
                Fail(m_lines[i][0].place,
                     "more rows than the " + count.text + " layers that line 2 announces");
            }
            workload.layers.push_back(ReadLayer(m_lines[i], workload));
        }
        if (workload.layers.size() < layers)
        {
            Fail({m_lastLine + 1, 1},
                 "line 2 announces " + count.text + " layers, the file has " +
                     std::to_string(workload.layers.size()));
        }
        CheckLayerLists(workload);
        return workload;
    }

  private:
    [[noreturn]] void Fail(SimaiPlace place, const std::string& what) const
    {
        throw InputError(m_path + ":" + std::to_string(place.line) + ":" +
                         std::to_string(place.column) + ": " + what);
    }

    /// A non-negative whole number; "12.0" counts as whole (the generator divides in Python).
    uint64_t Number(const Token& token, const std::string& field) const
    {
        const bool digits = token.text.find_first_not_of("0123456789.") == std::string::npos;
        char* end = nullptr;
        const double value = std::strtod(token.text.c_str(), &end);
        if (!digits || *end != '\0' || value != std::floor(value))
        {
            Fail(token.place, field + ": '" + token.text + "' is not a whole number >= 0");
        }
        if (value >= 0x1p63)
        {
            Fail(token.place, field + ": " + token.text + " is too large");
        }
        // Digits only: read again, exactly (a double holds 53 bits).
        return token.text.find('.') == std::string::npos
                   ? std::strtoull(token.text.c_str(), nullptr, 10)
                   : static_cast<uint64_t>(value);
    }

    uint32_t Count(const Token& token, const std::string& field, uint32_t least) const
    {
        const uint64_t value = Number(token, field);
        if (value < least || value > 0xffffffff)
        {
            Fail(token.place,
                 field + ": " + token.text + " is outside " + std::to_string(least) +
                     " … 4294967295");
        }
        return static_cast<uint32_t>(value);
    }

    void ReadHeader(const std::vector<Token>& tokens, SimaiHeader& header) const
    {
        const auto policy = Policies().find(tokens[0].text);
        if (policy == Policies().end())
        {
            Fail(tokens[0].place,
                 "parallelism policy '" + tokens[0].text + "' is not supported." +
                     DidYouMean(tokens[0].text, Names(Policies())));
        }
        header.policy = policy->second;
        header.policyName = policy->first;
        header.place = tokens[0].place;
        std::vector<std::string> seen;
        for (size_t i = 1; i < tokens.size();)
        {
            std::string key = tokens[i].text;
            key.erase(key.find_last_not_of(':') + 1);
            if (std::find(seen.begin(), seen.end(), key) != seen.end())
            {
                Fail(tokens[i].place, "'" + key + "' is given twice");
            }
            seen.push_back(key);
            if (i + 1 == tokens.size())
            {
                Fail(tokens[i].place, "'" + key + "' has no value");
            }
            i = ReadKey(tokens, i, key, header);
        }
    }

    /// Reads one key and its values; returns the index of the next key.
    size_t ReadKey(const std::vector<Token>& tokens,
                   size_t at,
                   const std::string& key,
                   SimaiHeader& header) const
    {
        const std::map<std::string, std::optional<uint32_t>*> numbers{
            {"model_parallel_NPU_group", &header.tensorParallel},
            {"ep", &header.expertParallel},
            {"pp", &header.pipelineStages},
            {"vpp", &header.virtualStages},
            {"ga", &header.microbatches},
            {"all_gpus", &header.ranks}};
        const std::map<std::string, std::vector<uint32_t>*> lists{
            {"checkpoints", &header.checkpoints},
            {"checkpoint_initiates", &header.initiators}};
        const Token& value = tokens[at + 1];
        if (const auto it = numbers.find(key); it != numbers.end())
        {
            // 0 tensor-parallel ranks mean all ranks; every other count is at least one.
            *it->second = Count(value, key, key == "model_parallel_NPU_group" ? 0 : 1);
            return at + 2;
        }
        if (key == "pp_comm")
        {
            header.pipelineBytes = Number(value, key);
            return at + 2;
        }
        if (const auto it = lists.find(key); it != lists.end())
        {
            const uint32_t count = Count(value, key, 0);
            if (count > tokens.size() - at - 2)
            {
                Fail(value.place, key + " announces " + value.text + " layers and lists fewer");
            }
            for (uint32_t i = 0; i < count; ++i)
            {
                it->second->push_back(Count(tokens[at + 2 + i], key, 0));
            }
            return at + 2 + count;
        }
        auto known = Names(numbers);
        known.insert(known.end(), {"checkpoints", "checkpoint_initiates", "pp_comm"});
        Fail(tokens[at].place, "unknown header key '" + key + "'." + DidYouMean(key, known));
    }

    SimaiLayer ReadLayer(const std::vector<Token>& row, SimaiWorkload& workload) const
    {
        if (row.size() != kColumns)
        {
            Fail(row.size() > kColumns ? row[kColumns].place : row.back().place,
                 "layer '" + row[0].text + "' has " + std::to_string(row.size()) +
                     " columns instead of " + std::to_string(kColumns));
        }
        SimaiLayer layer;
        layer.name = row[0].text;
        layer.place = row[0].place;
        // Column 2, the dependency, is unused by every reader; it must at least be a number.
        const std::string& dependency = row[1].text;
        if (dependency != "-1" && dependency.find_first_not_of("0123456789") != std::string::npos)
        {
            Fail(row[1].place, "dependency: '" + dependency + "' is not a layer number or -1");
        }
        layer.forward = ReadPhase(row, 2, "forward", workload);
        layer.inputGrad = ReadPhase(row, 5, "input gradient", workload);
        layer.weightGrad = ReadPhase(row, 8, "weight gradient", workload);
        layer.updateNs = Number(row[11], "update time");
        return layer;
    }

    SimaiPhase ReadPhase(const std::vector<Token>& row,
                         size_t at,
                         const std::string& phase,
                         SimaiWorkload& workload) const
    {
        SimaiPhase out;
        out.computeNs = Number(row[at], phase + " compute time");
        const uint64_t bytes = Number(row[at + 2], phase + " size");
        if (row[at + 1].text == "NONE")
        {
            workload.sizesWithoutCollective += bytes > 0 ? 1 : 0;
            return out;
        }
        out.collective = ReadCollective(row[at + 1], phase + " collective", workload.header);
        out.collective->bytes = bytes;
        return out;
    }

    SimaiCollective ReadCollective(const Token& token,
                                   const std::string& field,
                                   const SimaiHeader& header) const
    {
        SimaiCollective out;
        out.word = token.text;
        out.place = token.place;
        const size_t underscore = token.text.find('_');
        const std::string word = token.text.substr(0, underscore);
        const auto kind = Kinds().find(word);
        if (kind == Kinds().end())
        {
            auto known = Names(Kinds());
            known.emplace_back("NONE");
            Fail(token.place,
                 field + ": unknown collective '" + word + "'." + DidYouMean(word, known));
        }
        out.kind = kind->second;
        if (underscore == std::string::npos)
        {
            return out;
        }
        const std::string suffix = token.text.substr(underscore);
        if (suffix != "_EP" && suffix != "_DP_EP")
        {
            Fail(token.place, field + ": unknown suffix '" + suffix + "'. Known: _EP, _DP_EP.");
        }
        if (!header.expertParallel)
        {
            Fail(token.place, field + ": " + token.text + " needs 'ep:' in the header");
        }
        out.suffix = suffix == "_EP" ? SimaiSuffix::Expert : SimaiSuffix::DataExpert;
        return out;
    }

    void CheckLayerLists(const SimaiWorkload& workload) const
    {
        const SimaiHeader& header = workload.header;
        if (!(header.checkpoints.empty() && header.initiators.empty()) &&
            header.policy != SimaiPolicy::TransformerFwdInBckwd)
        {
            Fail(header.place,
                 "checkpoints are for HYBRID_TRANSFORMER_FWD_IN_BCKWD, not " + header.policyName);
        }
        for (const auto* list : {&header.checkpoints, &header.initiators})
        {
            for (uint32_t layer : *list)
            {
                if (layer >= workload.layers.size())
                {
                    Fail(header.place,
                         "checkpoint layer " + std::to_string(layer) +
                             " does not exist; the last is " +
                             std::to_string(workload.layers.size() - 1));
                }
            }
        }
        for (uint32_t layer : header.initiators)
        {
            if (std::none_of(header.checkpoints.begin(),
                             header.checkpoints.end(),
                             [layer](uint32_t checkpoint) { return checkpoint < layer; }))
            {
                Fail(header.place,
                     "layer " + std::to_string(layer) +
                         " initiates a recomputation, but no checkpoint lies before it");
            }
        }
    }

    std::string m_path;
    std::vector<std::vector<Token>> m_lines; ///< blank lines left out
    int m_lastLine = 0;
};

} // namespace

SimaiWorkload
ReadSimai(const std::string& path)
{
    return Reader(path).Read();
}

} // namespace heddle
