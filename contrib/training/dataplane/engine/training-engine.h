// SPDX-License-Identifier: GPL-2.0-only
//
// File: training-engine.h
// -----------------------
// The job's state machines (private to the module). All state belongs to a rank and is touched only
// by the partition of that rank; what crosses partitions are messages, acknowledgements and grants.
//
//   task     waits for its prerequisites (dependencies and the task before it on its stream), runs
//   kernel   nominal · jitter, slowed while a collective or transfer of this rank is active: from
//            its start, waiting for peers included, as the communication kernel occupies the
//            accelerator all the time
//   CommRun  one communication task in execution: base latency, then the expansion's operations
//   chunk    Send: step latency → turn on its connection → grant (slots) → scale-up port or message
//            Recv: posted when its dependencies are done; then it grants
//
// Grants (NCCL's clear-to-send). With slots > 0 a receiver grants chunk i when its Recv is posted
// and Recv i − slots is complete. The grant is a control record that takes the unloaded one-way
// latency back to the sender; it competes for no bandwidth. slots = 0: eager, chunks that come
// before their collective has started here wait in `early`.
//
// Scale-up ports. A chunk occupies the sender's egress port, then the receiver's ingress port, each
// FIFO, cut through: the domain's switch buffers without limit and no egress waits for an ingress.
// A Send over the scale-up domain completes when its last byte is placed.
//
// Relay (PXN). The chunk goes to the relay over the scale-up domain, which completes the Send, and
// from there as a message of the relay's queue pair; the peer counts it as the original sender's.

#ifndef HEDDLE_TRAINING_ENGINE_H
#define HEDDLE_TRAINING_ENGINE_H

#include "ns3/rdma-flow-foresight.h"
#include "ns3/rdma-flow-routes.h"
#include "ns3/training-activity.h"
#include "ns3/training-job.h"
#include "ns3/training-plan.h"
#include "ns3/training-walk.h"

#include <memory>
#include <vector>

namespace heddle::training
{

/// The chunks of one connection in one CommRun, in order.
struct ChunkQueue
{
    uint32_t connection;
    bool send;
    uint32_t first; ///< into CommRun::order
    uint32_t count = 0;
    uint32_t next = 0;    ///< Send: the first not handed to the network; Recv: not posted
    uint32_t done = 0;    ///< Recv: completed, without a gap
    uint32_t granted = 0; ///< Recv
};

struct OpState
{
    ActivityRef arrived; ///< Recv: what brought it
    uint32_t depsLeft = 0;
    uint32_t queue = 0;
    bool ready = false; ///< Send: step latency over; Recv: posted
    bool here = false;  ///< Recv: arrived
    bool done = false;
};

struct CommRun
{
    struct Early
    {
        uint32_t connection;
        uint32_t chunk;
        ActivityRef activity;
    };

    TaskId task = 0;
    bool begun = false;
    bool draining = false;
    bool scaleOut = false;
    uint32_t left = 0; ///< operations
    Expansion expansion;
    std::vector<OpState> ops;
    std::vector<uint32_t> firstSuccessor;
    std::vector<uint32_t> successors;
    std::vector<ChunkQueue> queues;
    std::vector<uint32_t> order; ///< operations by queue
    std::vector<uint32_t> fill;  ///< scratch
    std::vector<Early> early;
    std::vector<std::pair<uint32_t, ActivityRef>> completed; ///< work list
};

/// A chunk on its way through the scale-up domain.
struct Transfer
{
    uint32_t connection;
    uint32_t chunk;
    TaskId sendTask;
    uint32_t sendOp;
    uint64_t bytes;
    Tick posted;
    Tick ideal;
    ActivityRef pred;
    bool toRelay;
    bool instant; ///< infinite network: no activity of its own
    Transfer* nextFree;
};

struct TaskState
{
    Tick start = -1;
    Tick end = -1;
    ActivityRef released;   ///< what let it start
    ActivityRef finish;     ///< what ended last
    TaskId binding = kNone; ///< the local task that finished last before it
    uint32_t waiting = 0;
    CommRun* run = nullptr;
    bool scaleOut = false; ///< its expansion used NICs
};

struct RankState
{
    uint32_t entity = 0;
    uint32_t sequence = 0;
    uint32_t active = 0;    ///< communication tasks in execution
    TaskId running = kNone; ///< compute task
    TaskId lastCompute = kNone;
    uint32_t generation = 0; ///< of the kernel's end event
    Tick nominal = 0;
    Tick work = 0; ///< nominal · jitter
    Tick left = 0; ///< of work, at `updated`
    Tick updated = 0;
    bool slowed = false;
    KernelActivity record{}; ///< of the current run
    Tick busyNominal = 0;
    Tick busyJitter = 0;
    Tick busyInterference = 0;
    Tick hostSoftware = 0; ///< idle: own host overhead
    Tick hostJitter = 0;
    Tick lastComputeEnd = 0;
};

class FusedComms;

class Engine : public TransportClient, public Foresight
{
  public:
    Engine(EventCore& core,
           const TaskGraph& graph,
           const Expander& expander,
           ScaleOut* scaleOut,
           const JobConfig& config);
    /// Every collective as one coupled flow (training-fused.h).
    Engine(EventCore& core,
           const TaskGraph& graph,
           const Expander& expander,
           FlowRoutes* routes,
           const JobConfig& config);
    ~Engine() override;

    void Start();
    void Repeat(uint32_t steps, Job::StepFn onStep); ///< see Job
    double Progress(double ofStep) const;
    uint64_t TasksDone() const;
    JobResult Result() const;

    CoflowNetwork* coflows() const; ///< null: by messages

    const TaskGraph& graph() const
    {
        return m_graph;
    }

    void OnDelivered(Partition& part, const Delivery& delivery) override;
    void OnAcknowledged(Partition& part, QpId qp, uint64_t cookie) override;

    // training-engine-hints.cc
    void Foresee(uint64_t cookie) const override;
    void ForeseeDelivery(uint64_t cookie) const override;
    void ForeseeAcknowledgement(uint64_t cookie) const override;

    Job::Observer* m_observer = nullptr;

  private:
    friend class ResultBuilder;
    friend class StallReport;
    friend class FusedComms;

    Engine(EventCore& core,
           const TaskGraph& graph,
           const Expander& expander,
           ScaleOut* scaleOut,
           const JobConfig& config,
           bool fused);

    struct Connectivity ///< dynamic state of a connection; each half in its own partition
    {
        CommRun* sender = nullptr;
        uint32_t senderQueue = 0;
        uint32_t posted = 0;
        uint32_t granted = 0;
    };

    struct Reception
    {
        CommRun* receiver = nullptr;
        uint32_t receiverQueue = 0;
    };

    struct Starting
    {
        TaskId task;
        ActivityRef released;
        TaskId binding;
    };

    /// Of one partition.
    struct alignas(64) Context
    {
        ActivityStore* store = nullptr;
        std::vector<std::unique_ptr<CommRun>> runs;
        std::vector<CommRun*> freeRuns;
        std::vector<std::unique_ptr<Transfer[]>> transferBlocks;
        Transfer* freeTransfers = nullptr;
        std::vector<Starting> starting; ///< work list
        uint64_t tasksDone = 0;
        uint64_t scaleOutMessages = 0;
        uint64_t scaleOutBytes = 0;
        uint64_t scaleUpBytes = 0;
    };

    // training-engine.cc: tasks
    void CheckInput() const;
    void OnStart(Partition& part, const Event& event);
    void Launch(Partition& part, TaskId task, ActivityRef released, TaskId binding);
    void Drain(Partition& part);
    void FinishTask(Partition& part, TaskId task, ActivityRef finish);
    uint64_t NextKey(Rank rank);
    ActivityRef AddSoftware(Partition& part, Rank rank, Tick length, ActivityRef pred);

    // training-engine-steps.cc
    void OnStepEnd(Partition& part, const Event& event);
    void Reset(Partition& part);

    // training-engine-compute.cc
    void StartKernel(Partition& part, TaskId task, ActivityRef released);
    void ScheduleKernelEnd(Partition& part, Rank rank);
    void OnKernelEnd(Partition& part, const Event& event);
    void ChangeActive(Partition& part, Rank rank, int by);

    // training-engine-comm.cc
    void StartCommunication(Partition& part, TaskId task, ActivityRef released);
    void OnBaseLatency(Partition& part, const Event& event);
    CommRun* RunOf(Partition& part, TaskId task);
    void Begin(Partition& part, CommRun& run, ActivityRef released);
    void BuildOps(CommRun& run);
    void BuildQueues(CommRun& run);
    void MakeReady(Partition& part, CommRun& run, uint32_t op, ActivityRef ref);
    void OnStepLatency(Partition& part, const Event& event);
    void SendReady(Partition& part, CommRun& run, ChunkQueue& queue, ActivityRef ref);
    void PostReceives(Partition& part, CommRun& run, ChunkQueue& queue, ActivityRef ref);
    void Grant(Partition& part, CommRun& run, ChunkQueue& queue, ActivityRef ref);
    void OnGrant(Partition& part, const Event& event);
    void Arrive(Partition& part, uint32_t connection, TaskId task, uint32_t chunk, ActivityRef ref);
    void CompleteOp(Partition& part, CommRun& run, uint32_t op, ActivityRef ref);
    void DrainRun(Partition& part, CommRun& run);
    void Release(Partition& part, CommRun& run);

    // training-engine-hints.cc
    void SetHints();
    void ForeseeOp(TaskId task, uint32_t op) const;
    void ForeseeArrival(uint32_t connection, TaskId task, uint32_t chunk) const;
    void ForeseeStep(const Event& event) const;
    void ForeseeConnection(const Event& event) const;
    void ForeseeGrant(const Event& event) const;
    void ForeseeTransfer(const Event& event) const;

    // training-engine-transfer.cc
    void SendChunk(Partition& part, CommRun& run, uint32_t op, uint32_t chunk, ActivityRef ref);
    void PostMessage(Partition& part, const Transfer& transfer, ActivityRef ref, bool relayed);
    void PostScaleUp(Partition& part, Transfer* transfer);
    void EnterIngress(Partition& part, Transfer* transfer);
    void OnEgress(Partition& part, const Event& event);
    void OnTransferDone(Partition& part, const Event& event);
    Transfer* NewTransfer(Context& context);
    bool IsPipeline(TaskId task) const;

    Context& ContextOf(Partition& part)
    {
        return m_contexts[part.index()];
    }

    EventCore& m_core;
    const TaskGraph& m_graph;
    const Expander& m_expander;
    ScaleOut* m_scaleOut;
    const JobConfig m_config;
    Plan m_plan;
    Tick m_base; ///< software latencies and windows of this world
    Tick m_stepUp;
    Tick m_stepOut;
    uint32_t m_slots;
    double m_stretch; ///< kernel time factor while communication is active
    Tick m_start = 0;
    HandlerId m_onStart;
    HandlerId m_onKernelEnd;
    HandlerId m_onBaseLatency;
    HandlerId m_onStepLatency;
    HandlerId m_onGrant;
    HandlerId m_onEgress;
    HandlerId m_onTransferDone;
    ActivityStores m_stores;
    std::vector<Context> m_contexts;
    std::vector<RankState> m_ranks;
    std::vector<TaskState> m_tasks;
    std::vector<Connectivity> m_senders; ///< by connection
    std::vector<Reception> m_receivers;  ///< by connection
    std::vector<Tick> m_egressFree;      ///< by rank
    std::vector<Tick> m_ingressFree;
    std::vector<MessageActivity*> m_lastOnQp; ///< by QpId
    std::unique_ptr<FusedComms> m_fused;      ///< null: by messages
    uint32_t m_step = 0;                      ///< in execution
    uint32_t m_steps = 1;                     ///< with jitter
    bool m_ending = false;                    ///< OnStepEnd() is due
    Job::StepFn m_onStep;                     ///< null: one step
    HandlerId m_onStepEnd;
};

} // namespace heddle::training

#endif
