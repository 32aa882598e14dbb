#include "daemon/queue/batch_scheduling.h"

#include <sched.h>

namespace vpcwall {

void schedule_in_batches() noexcept {
  constexpr pid_t this_thread = 0;
  if (sched_getscheduler(this_thread) != SCHED_OTHER) return;
  const sched_param none{};
  (void)sched_setscheduler(this_thread, SCHED_BATCH, &none);
}

}  // namespace vpcwall
