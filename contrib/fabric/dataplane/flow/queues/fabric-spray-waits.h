// SPDX-License-Identifier: GPL-2.0-only
//
// File: fabric-spray-waits.h
// --------------------------
// What sprayed packets wait that a fluid does not: k ports that share a load evenly on average get
// uneven numbers of packets, and a message is through when its last packet is, wherever that went.
//
//   SprayWaits waits(seed, packetBits);
//   uint32_t g = waits.AddGroup(8, 400'000'000'000);    // eight uplinks of a leaf
//   uint32_t i = waits.AddInput(g);                     // a NIC that sprays its packets over them
//   waits.Change(now, {g, i}, +rate);                   // from now on
//   double ps = waits.Late(now, steps, packets, key);   // how much later the last packet is
//
// Every port's queue is a random walk with the load's drift that cannot fall below zero. Per packet
// time of a port, an input of which the share p goes there brings a packet with probability p, so
// with ρ = Σ p the walk has the drift ρ − 1 and the variance v = ρ² − Σ p². That v makes the mean
// of the steady state the exact one of independent Bernoulli inputs, (ρ² − Σ p²) / (2 (1 − ρ))
// (Karol, Hluchyj, Morgan, "Input versus output queueing on a space-division packet switch", IEEE
// Trans. Commun. 35(12), 1987, eq. 6, for equal p), and near ρ = 1 it is the variance of what
// arrives, so that queues grow as sqrt(v t) for as long as the load lasts. Above ρ = 1 there is no
// steady state, and v is that variance, ρ − Σ p². Between two looks the
// walk is Brownian and its reflection exact: the minimum of a Brownian bridge has a closed form
// (Harrison, "Brownian Motion and Stochastic Flow Systems", 1985, chapter 1). What the ports get
// together is not random, so the steps of all ports sum to zero.
//
// What waits at the hop before has not arrived yet, so a hop behind an uneven one has less drift.
//
// Evened groups, whose switch chooses the port with the shortest queue, do not walk as long as the
// queues are short. They follow each other instead: all packets between two readings of the queues,
// k ρ times the age of a reading, go to the one port that was the shortest, and leave it while
// others have their turn; below ρ = 1 − 1/k to the several that are empty together. Queues deeper
// than the balancer tells apart are as random as any.
//
// Deviations: inputs are independent from packet to packet and from one hop to the next; ports of a
// group are alike; ports that follow each other get half a packet a slot longer at every load,
// which below 0.95 is up to half too fast; paths of several hops pair the ports of their groups in
// order.

#ifndef HEDDLE_FABRIC_SPRAY_WAITS_H
#define HEDDLE_FABRIC_SPRAY_WAITS_H

#include "ns3/base-random.h"
#include "ns3/base-units.h"

#include <cstdint>
#include <vector>

namespace heddle::fabric
{

class SprayWaits
{
  public:
    static constexpr uint32_t kNoGroup = ~0U;

    /// A hop of a flow: what it comes from, what it is sprayed over.
    struct Step
    {
        uint32_t group;
        uint32_t input;
    };

    SprayWaits(uint64_t seed, double packetBits);

    uint32_t AddGroup(uint32_t ports, int64_t portRate); ///< > 1; bits/s, > 0

    /// The switch chooses the shortest queue by readings of that age (ps), and cannot tell apart
    /// queues of more than so many packets.
    void Even(uint32_t group, Tick age, double blind);

    /// What waits in the group goes on where `other` of `before`, over the same ports as far as
    /// they are left, is now.
    void Continue(Tick now, uint32_t group, SprayWaits& before, uint32_t other);

    /// `upstream`: the group where its packets were sprayed before, kNoGroup if none.
    uint32_t AddInput(uint32_t group, uint32_t upstream = kNoGroup);

    /// `other` carries the acknowledgements of what comes in for `group`, and the other way round.
    void SetPartners(uint32_t group, uint32_t other);

    /// What comes in at each of a flow's steps changes by so many bits/s.
    void Change(Tick now, const Step* steps, size_t count, int64_t delta);
    void Change(Tick now, const Step& step, int64_t delta)
    {
        Change(now, &step, 1, delta);
    }

    /// What the fluid queue of so many ports says of the group now: what it holds and what has come
    /// in so far, bits, and for how long it has held anything, ps. Else nothing waits on average,
    /// and all that sets out arrives.
    void SetFluid(uint32_t group, double ports, double backlog, double arrived, Tick waited);

    /// How much longer than the fluid the last of so many packets takes that cross the groups of
    /// `steps` about now; ps. `key` tells which ports they take when there are fewer than ports.
    /// `ackShare`: what data of a full port needs of the partner for acknowledgements.
    double Late(Tick now,
                const Step* steps,
                size_t count,
                uint64_t packets,
                uint64_t key,
                double ackShare);

    /// What a packet waits in a port of the group on average under the load of now, if it lasted;
    /// packet times of a port.
    double MeanWait(uint32_t group) const;

    /// What SetFluid() said is nothing to speak of.
    bool Shallow(uint32_t group) const
    {
        return m_groups[group].fluidBacklog < 1;
    }

  private:
    struct Input
    {
        int64_t rate = 0;
        uint32_t upstream;
        double part = 0; ///< of what upstream carries
    };

    struct Group
    {
        double slot;      ///< of a packet on one port; ps
        int64_t capacity; ///< of all ports; bits/s
        int64_t inflow = 0;
        double squares = 0; ///< Σ p² over inputs
        Tick since = 0;     ///< of the two integrals' last change
        double load = 0;    ///< ∫ ρ dt
        double seen = 0;    ///< … until the latest look
        uint32_t partner = kNoGroup;
        double partnerSeen = 0;
        double ackShare = 0;    ///< latest
        double loadSquared = 0; ///< ∫ ρ² dt since the latest look
        double alike = 0;       ///< ∫ Σ p² dt since then
        Tick looked = 0;
        uint64_t looks = 0;
        double fluidBacklog = -1; ///< packets a port; < 0: no fluid queue
        double fluidArrived = 0;  ///< packets a port
        double fluidSeen = 0;     ///< … until the latest look
        Tick fluidWaited = 0;     ///< with a backlog
        Tick fluidWaitedSeen = 0; ///< … until the latest look
        double lag = 0;           ///< what waits upstream for here; packets a port
        double age = 0;           ///< of readings, if evened; packet times
        double blind = 0;         ///< packets
        double height = 0;        ///< of the longest queue of ports that take turns; packets
        std::vector<Input> inputs;
        std::vector<double> queues; ///< above the fluid's; packets, by port
    };

    void Integrate(Group& group, Tick now) const;
    void Look(uint32_t id, Tick now);
    double Lag(Group& group, Tick now);
    void Follow(Group& group, uint64_t draw, double span, double load) const;
    void Walk(Group& group, uint64_t draw, double drift, double variance, bool full);

    RandomStream m_normals;
    RandomStream m_minima;
    double m_packet;
    std::vector<Group> m_groups;
    std::vector<double> m_steps; ///< scratch
};

} // namespace heddle::fabric

#endif
