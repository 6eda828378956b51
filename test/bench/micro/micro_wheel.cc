// SPDX-License-Identifier: GPL-2.0-only
//
// The event core alone, by the hold model (Vaucher and Duval, CACM 1975): every event schedules one
// successor at an exponential distance, so that the number of pending events stays.
#include "ns3/base-event-core.h"
#include "ns3/base-random.h"

#include <benchmark/benchmark.h>
#include <vector>

namespace heddle::bench
{

namespace
{

class Hold
{
  public:
    Hold(EventCore& core, uint32_t pending)
        : m_handler(core.AddHandler<Hold, &Hold::OnEvent>(this)),
          m_firstEntity(core.NewEntities(pending))
    {
        // Drawn beforehand: the logarithm would be half of what is measured.
        const RandomStream random(1, "hold", 0);
        for (uint32_t i = 0; i < kDraws; ++i)
        {
            m_delays.push_back(1 + static_cast<Tick>(random.Exponential(i) * kMean));
        }
        for (uint32_t e = 0; e < pending; ++e)
        {
            Next(core.part(0), e);
        }
    }

    void OnEvent(Partition& part, const Event& event)
    {
        Next(part, event.entity);
    }

  private:
    static constexpr uint32_t kDraws = 1 << 16;
    static constexpr double kMean = 1e6; ///< 1 µs, as link delays are

    void Next(Partition& part, uint32_t entity)
    {
        const uint32_t draw = m_drawn++;
        part.Schedule(m_delays[draw % kDraws],
                      m_handler,
                      entity,
                      0,
                      part.core().Key(m_firstEntity + entity, draw));
    }

    HandlerId m_handler;
    uint32_t m_firstEntity;
    uint32_t m_drawn = 0;
    std::vector<Tick> m_delays;
};

void
WheelHold(benchmark::State& state)
{
    EventCore core({});
    const Hold hold(core, static_cast<uint32_t>(state.range(0)));
    Tick until = 0;
    const auto advance = [&] { core.RunUntil(until += 10'000'000); };
    advance(); // buckets have grown
    const uint64_t before = core.eventCount();
    for (auto _ : state)
    {
        advance();
    }
    state.SetItemsProcessed(static_cast<int64_t>(core.eventCount() - before));
}

BENCHMARK(WheelHold)->Arg(1'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

} // namespace

} // namespace heddle::bench
