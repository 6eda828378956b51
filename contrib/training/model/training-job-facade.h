// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-job-facade.h
// ---------------------------
// A training job as ns-3 sees it: an Object whose attributes are accelerator, jitter, scale-up
// domain and idealisation, and whose trace sources tell of kernels, collectives and idle time.
//
//   Time::SetResolution(Time::PS);
//   ::heddle::EventCore core({});
//   EventEngine::Attach(core);
//   auto job = CreateObjectWithAttributes<TrainingJob>("PeakFlops", DoubleValue(989e12));
//   job->TraceConnectWithoutContext("Idle", MakeCallback(&OnIdle));
//   job->Build(core, graph, expander, &rdma->GetTransport());
//   job->Start();
//   Simulator::Run();
//   ::heddle::JobResult result = job->Finish();
//
// The job itself runs in the event core, perhaps on several threads; no trace sink runs while it
// does. What the trace sources tell is recorded, by rank, and delivered on the main thread by
// Finish(), in order of time: sinks get times as arguments, Simulator::Now() is the end of the run.
// Without a sink for kernels and collectives nothing is recorded.

#ifndef NS3_HEDDLE_TRAINING_JOB_FACADE_H
#define NS3_HEDDLE_TRAINING_JOB_FACADE_H

#include "ns3/nstime.h"
#include "ns3/object.h"
#include "ns3/traced-callback.h"
#include "ns3/training-job.h"

#include <memory>
#include <string>
#include <vector>

namespace ns3
{
namespace heddle
{

class TrainingJob : public Object, private ::heddle::Job::Observer
{
  public:
    static TypeId GetTypeId();

    TrainingJob();
    ~TrainingJob() override;

    /// The attributes as the data plane wants them. Throws ::heddle::InputError.
    ::heddle::JobConfig GetConfig() const;

    /// One accelerator takes `factor` times as long for everything (1.1 = 10 % slower). Before
    /// Build().
    void SetSlowdown(::heddle::Rank rank, double factor);

    /// Partition of every rank; needed when the core has several. Before Build().
    void SetPartitions(std::vector<uint32_t> partitionOfRank);

    /// Makes the job, once. All arguments must outlive it; `transport` may be null when no rank
    /// talks to another scale-up domain. Throws ::heddle::InputError.
    void Build(::heddle::EventCore& core,
               const ::heddle::TaskGraph& graph,
               const ::heddle::Expander& expander,
               ::heddle::Transport* transport);

    void Start(); ///< After Build() and after connecting trace sinks.

    /// After the run: delivers traces, returns the result. Throws ::heddle::RunError with "who
    /// waits for whom" when the job is not finished; what has happened is delivered even then.
    ::heddle::JobResult Finish();

    ::heddle::Job& GetJob() const; ///< Build() must have been called.

    /// Rank, label, start and end of a kernel, or of a rank's part in a collective or transfer.
    using ActivityTracedCallback = void (*)(uint32_t rank, std::string label, Time start, Time end);
    /// Rank, root account (as ::heddle::RootAccountName), place (port, rank or 2^32 − 1), time.
    using IdleTracedCallback = void (*)(uint32_t rank,
                                        std::string account,
                                        uint32_t place,
                                        Time time);

  private:
    struct Entry
    {
        ::heddle::Tick start;
        ::heddle::Tick end;
        ::heddle::Rank rank;
        uint32_t label;
        bool compute;
    };

    void DoDispose() override;
    void OnCompute(::heddle::Rank rank,
                   uint32_t label,
                   ::heddle::Tick start,
                   ::heddle::Tick end) override;
    void OnCollective(::heddle::Rank rank,
                      uint32_t label,
                      ::heddle::Tick start,
                      ::heddle::Tick end) override;
    void DeliverActivities();
    void DeliverIdle(const ::heddle::JobResult& result);

    double m_peakFlops;
    double m_flopsEfficiency;
    double m_memoryBandwidth;
    double m_memoryEfficiency;
    std::string m_jitterShape;
    double m_persistentSigma;
    double m_kernelSigma;
    double m_slowHostShare;
    double m_slowHostFactor;
    std::string m_scaleUpRate;
    Time m_scaleUpLatency;
    bool m_infiniteScaleOut;
    bool m_infiniteScaleUp;
    bool m_noSoftware;
    bool m_noJitter;
    uint64_t m_seed;
    std::map<::heddle::Rank, double> m_slowdown;
    std::vector<uint32_t> m_partitionOfRank;

    std::unique_ptr<::heddle::Job> m_job;
    const ::heddle::TaskGraph* m_graph = nullptr;
    std::vector<std::vector<Entry>> m_record; ///< by rank, as one partition writes each
    TracedCallback<uint32_t, std::string, Time, Time> m_computeEnd;
    TracedCallback<uint32_t, std::string, Time, Time> m_collectiveEnd;
    TracedCallback<uint32_t, std::string, uint32_t, Time> m_idle;
};

} // namespace heddle
} // namespace ns3

#endif
