// SPDX-License-Identifier: BSD-3-Clause
//
// File: optics-reliability.h
// --------------------------
// Textbook reliability: availability, series and k-of-n systems, bounds on an MTBF from a test,
// and checkpointing.
//
//   Availability(5.5e5, 24);                    // 0.999956
//   KOfN(32, 36, 0.999);                        // 32 engines of 36
//   MtbfLowerBound(15.4e6, 6, 0.95);            // 1.30e6 h
//   CheckpointInterval(100.0 / 3600, 3);        // h, Daly's
//
// Sources: J. T. Daly, A higher order estimate of the optimum checkpoint interval, FGCS 22 (2006);
// chi-square bound as in IEC 60605-4; the rest standard.

#ifndef HEDDLE_OPTICS_RELIABILITY_H
#define HEDDLE_OPTICS_RELIABILITY_H

#include <cstdint>

namespace heddle
{

/// MTBF / (MTBF + MTTR), both in hours.
double Availability(double mtbf, double repair);

/// Probability that at least k of n independent parts work, each with probability p.
double KOfN(uint32_t k, uint32_t n, double p);

/// Annual failure rate of a constant hazard: 1 − exp(−8760 / MTBF).
double AnnualFailureRate(double mtbf);

/// One-sided lower bound on the MTBF after `hours` of operation with `failures` failures (test
/// ended by time): 2T / chi2(confidence, 2r + 2).
double MtbfLowerBound(double hours, uint32_t failures, double confidence);

/// Arrhenius: how much faster parts age at `hot` than at `cold` (°C); activation energy in eV.
double ArrheniusFactor(double activationEnergy, double cold, double hot);

/// Daly's optimum of the time between the end of a checkpoint and the start of the next, h;
/// `checkpoint` is the time of one, `mtbf` of the job.
double CheckpointInterval(double checkpoint, double mtbf);

/// Useful share of the time of a job that checkpoints every `interval` hours of work, fails with
/// constant hazard and restarts in `restart` hours (which may fail too): Daly's complete model.
double UsefulShare(double interval, double checkpoint, double restart, double mtbf);

/// P(Poisson(mean) ≤ most); 1 for mean 0.
double PoissonAtMost(double mean, uint32_t most);

/// The means that `count` events are compatible with: two-sided, exact (Garwood).
struct MeanInterval
{
    double low;
    double high;
};

MeanInterval PoissonInterval(uint32_t count, double confidence);

/// Smallest s with P(Poisson(mean) ≤ s) ≥ confidence: spares to hold for a replenishment time.
uint32_t Spares(double mean, double confidence);

} // namespace heddle

#endif
