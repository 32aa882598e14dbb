// How the kernel schedules a worker: as SCHED_BATCH, so that an arriving packet does not interrupt whoever
// sends it. Where CPUs are scarce the worker runs a moment later and meets several packets in one read, which
// takes a fifth to two fifths off its CPU; where one is idle it starts as soon as before.
#pragma once

namespace vpcwall {

// For the calling thread; needs no privilege. What the operator chose stays: only a thread of the ordinary
// policy changes. Where the kernel refuses, the thread is scheduled as any other, which is no fault.
void schedule_in_batches() noexcept;

}  // namespace vpcwall
