// SPDX-License-Identifier: GPL-2.0-only
//
// htsim's .cm files, as its datacenter/connection_matrix.cpp reads them.
#include "flows.h"

#include "ns3/base-errors.h"

#include <fstream>
#include <map>
#include <sstream>

namespace heddle::bench
{

namespace
{

class Reader
{
  public:
    explicit Reader(const std::string& path) : m_path(path), m_file(path)
    {
        if (!m_file)
        {
            throw InputError(path + ": cannot be read");
        }
    }

    FlowSet Read()
    {
        std::string line;
        while (std::getline(m_file, line))
        {
            ++m_line;
            std::istringstream words(line);
            std::string first;
            if (words >> first && first[0] != '#')
            {
                ReadLine(first, words);
            }
        }
        Expect("Connections", m_set.flows.size());
        Expect("Triggers", m_kinds);
        m_set.hosts = m_header["Nodes"];
        CheckHosts();
        return std::move(m_set);
    }

  private:
    [[noreturn]] void Fail(const std::string& what) const
    {
        throw InputError(m_path + ":" + std::to_string(m_line) + ": " + what);
    }

    void ReadLine(const std::string& first, std::istringstream& words)
    {
        if (first == "Nodes" || first == "Connections" || first == "Triggers" ||
            first == "Failures")
        {
            m_header[first] = static_cast<uint32_t>(Number(words, first));
        }
        else if (first == "trigger")
        {
            ReadTrigger(words);
        }
        else if (first == "failure")
        {
            Fail("failures are not supported");
        }
        else
        {
            ReadFlow(first, words);
        }
    }

    uint64_t Number(std::istringstream& words, const std::string& key) const
    {
        std::string text;
        words >> text;
        if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos ||
            text.size() > 18)
        {
            Fail("'" + key + "' wants a whole number, not '" + text + "'");
        }
        return std::stoull(text);
    }

    /// Dense number of a trigger's id.
    uint32_t TriggerOf(uint64_t id)
    {
        const auto [found, isNew] =
            m_triggers.emplace(id, static_cast<uint32_t>(m_set.triggers.size()));
        if (isNew)
        {
            m_set.triggers.emplace_back();
        }
        return found->second;
    }

    void ReadFlow(const std::string& pair, std::istringstream& words)
    {
        const size_t arrow = pair.find("->");
        if (arrow == std::string::npos)
        {
            Fail("'" + pair + "' is neither FROM->TO nor a known keyword");
        }
        std::istringstream from(pair.substr(0, arrow));
        std::istringstream to(pair.substr(arrow + 2));
        Flow flow{static_cast<NicId>(Number(from, "from")),
                  static_cast<NicId>(Number(to, "to")),
                  0,
                  kForever};
        const auto self = static_cast<uint32_t>(m_set.flows.size());
        bool triggered = false;
        for (std::string key; words >> key;)
        {
            const uint64_t value = Number(words, key);
            if (key == "size")
            {
                flow.bytes = value;
            }
            else if (key == "start")
            {
                flow.start = static_cast<Tick>(value);
            }
            else if (key == "trigger")
            {
                m_set.triggers[TriggerOf(value)].targets.push_back(self);
                triggered = true;
            }
            else if (key == "send_done_trigger")
            {
                flow.onSent = TriggerOf(value);
            }
            else if (key == "recv_done_trigger")
            {
                flow.onReceived = TriggerOf(value);
            }
            else if (key != "id" && key != "prio")
            {
                Fail("unknown key '" + key + "'");
            }
        }
        if (flow.bytes == 0 || triggered == (flow.start != kForever))
        {
            Fail("a flow needs a size above 0 and either start or trigger");
        }
        m_set.flows.push_back(flow);
    }

    void ReadTrigger(std::istringstream& words)
    {
        std::string key;
        std::string kind;
        words >> key;
        Trigger& trigger = m_set.triggers[TriggerOf(Number(words, key))];
        words >> kind;
        if (kind == "barrier")
        {
            words >> key;
            trigger.kind = Trigger::Kind::Barrier;
            trigger.count = static_cast<uint32_t>(Number(words, key));
        }
        else if (kind == "multishot")
        {
            trigger.kind = Trigger::Kind::MultiShot;
        }
        else if (kind != "oneshot")
        {
            Fail("unknown kind of trigger '" + kind + "'");
        }
        ++m_kinds;
    }

    void Expect(const std::string& key, size_t count) const
    {
        const auto found = m_header.find(key);
        const uint32_t announced = found == m_header.end() ? 0 : found->second;
        if (announced != count)
        {
            throw InputError(m_path + ": " + key + " says " + std::to_string(announced) +
                             ", but there are " + std::to_string(count));
        }
    }

    void CheckHosts() const
    {
        for (const Flow& flow : m_set.flows)
        {
            if (flow.from >= m_set.hosts || flow.to >= m_set.hosts || flow.from == flow.to)
            {
                throw InputError(m_path + ": flow " + std::to_string(flow.from) + "->" +
                                 std::to_string(flow.to) + " is not between two of " +
                                 std::to_string(m_set.hosts) + " nodes");
            }
        }
    }

    std::string m_path;
    std::ifstream m_file;
    uint32_t m_line = 0;
    size_t m_kinds = 0; ///< trigger lines
    std::map<std::string, uint32_t> m_header;
    std::map<uint64_t, uint32_t> m_triggers;
    FlowSet m_set;
};

const char*
KindName(Trigger::Kind kind)
{
    switch (kind)
    {
    case Trigger::Kind::MultiShot:
        return " multishot";
    case Trigger::Kind::Barrier:
        return " barrier count ";
    case Trigger::Kind::OneShot:
        break;
    }
    return " oneshot";
}

} // namespace

FlowSet
ReadConnectionMatrix(const std::string& path)
{
    return Reader(path).Read();
}

void
WriteConnectionMatrix(const FlowSet& set, const std::string& path)
{
    std::vector<uint32_t> triggerOf(set.flows.size(), kNone);
    for (uint32_t t = 0; t < set.triggers.size(); ++t)
    {
        for (uint32_t flow : set.triggers[t].targets)
        {
            triggerOf[flow] = t;
        }
    }
    std::ofstream out(path);
    out << "Nodes " << set.hosts << "\nConnections " << set.flows.size() << "\n";
    if (!set.triggers.empty())
    {
        out << "Triggers " << set.triggers.size() << "\n";
    }
    for (uint32_t f = 0; f < set.flows.size(); ++f)
    {
        const Flow& flow = set.flows[f];
        out << flow.from << "->" << flow.to << " id " << f + 1;
        if (flow.start != kForever)
        {
            out << " start " << flow.start;
        }
        else
        {
            out << " trigger " << triggerOf[f] + 1;
        }
        out << " size " << flow.bytes;
        if (flow.onSent != kNone)
        {
            out << " send_done_trigger " << flow.onSent + 1;
        }
        if (flow.onReceived != kNone)
        {
            out << " recv_done_trigger " << flow.onReceived + 1;
        }
        out << "\n";
    }
    for (uint32_t t = 0; t < set.triggers.size(); ++t)
    {
        const Trigger& trigger = set.triggers[t];
        out << "trigger id " << t + 1 << KindName(trigger.kind);
        if (trigger.kind == Trigger::Kind::Barrier)
        {
            out << trigger.count;
        }
        out << "\n";
    }
    if (!out.flush())
    {
        throw InputError(path + ": cannot be written");
    }
}

} // namespace heddle::bench
