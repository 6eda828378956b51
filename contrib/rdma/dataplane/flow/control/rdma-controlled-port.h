// SPDX-License-Identifier: GPL-2.0-only
//
// File: rdma-controlled-port.h
// ----------------------------
// How much of a port's rate is used when more is offered to it than it carries and a congestion
// control that listens to marks slows the senders down: equal streams, each with the control's own
// state (CongestionOps), one queue with ECN marks, in small steps of time until all has gone.
//
//   ControlledPort port(control, {.rate = 400e9, .kmin = …});
//   port.Efficiency({48, 8e11, 4e8});   // 48 streams that offer 800 Gb/s, 400 Mb in all: 0.94
//
// Nothing is lost while the queue stands: not before the first marks have come back, and not where
// streams are so many that their rates do not swing together. The last streams end later than the
// mean: that is in it, too.
//
// Deviations: streams are equal and begin together; CNPs are limited per stream, whatever the
// control's scope; more than kMostStreams streams are as many with the rest of the port, the queue
// and the marks in proportion; after kMostTime the efficiency stays what it was in the last half.

#ifndef HEDDLE_RDMA_CONTROLLED_PORT_H
#define HEDDLE_RDMA_CONTROLLED_PORT_H

#include "ns3/rdma-congestion.h"

#include <map>
#include <tuple>

namespace heddle
{

class ControlledPort
{
  public:
    struct Config
    {
        double lineRate = 0;   ///< of a NIC, bits/s
        double kmin = 0;       ///< bits
        double kmax = 0;       ///< bits
        double pmax = 0;       ///< at kmax
        double packetBits = 1; ///< of a full packet
        Tick notification = 0; ///< from a packet's leaving the port to its CNP's arrival; ps
    };

    struct Demand
    {
        double rate = 0;    ///< of the port, bits/s
        double streams = 1; ///< > 0
        double offered = 0; ///< bits/s, by all of them, as long as nobody slows them down
        double bits = 0;    ///< of all of them
    };

    ControlledPort(const CongestionControl& control, const Config& config);

    /// (0, 1]. Streams, offered load and bits count to 2 %.
    double Efficiency(const Demand& demand);

  private:
    double Simulate(const Demand& demand, uint32_t draw) const;

    CongestionControl m_control;
    Config m_config;
    std::map<std::tuple<double, int, int, int>, double> m_known; ///< by rate and logarithms
};

} // namespace heddle

#endif
