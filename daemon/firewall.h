// The data path assembled: kernel queues, shards, workers, the published policy and the hooks that feed it
// all.
//
//   Firewall firewall(settings);          // opens the queues, probes a back end; needs root
//   drop_privileges();
//   firewall.start(policy);               // workers first, hooks last: no packet waits for nobody
//   firewall.reload(changed);             // all or nothing
//   firewall.stop(Ending::for_good);      // hooks first, workers last
//
// start(), reload(), stop() and the questions belong to the control thread. A worker that cannot go on makes
// failure_event() readable; what it said is in failure().
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "control/observe_request.h"
#include "daemon/fast_path/kernel_fast_path.h"
#include "daemon/file_descriptor.h"
#include "daemon/flow_cursor.h"
#include "daemon/hooks/standing_hooks.h"
#include "daemon/queue/nfqueue.h"
#include "daemon/queue/worker_scheduling.h"
#include "daemon/settings.h"
#include "flow/flow_table_use.h"
#include "policy/policy.h"
#include "runtime/reloader.h"
#include "runtime/worker.h"
#include "state/saved_state.h"

namespace vpcwall {

// The daemon's clock: monotonic, suspended time included, so that idle flows expire over a suspend.
[[nodiscard]] TimePoint now() noexcept;

// What the fast path does, and why not.
struct FastPathStatus {
  bool active = false;
  std::string reason;     // when it is not; empty when the settings say so
  std::size_t flows = 0;  // that the kernel passes on by itself
  std::size_t flow_places = 0;
  std::size_t refusals = 0;  // that it repeats
  std::size_t refusal_places = 0;
};

// What a process finds of the one before it.
struct Inheritance {
  std::map<std::string, FileDescriptor> descriptors;  // "queue-0": its socket, still bound
  std::optional<SavedState> state;
  std::uint32_t queue_seed = 0;  // HookPlan::queue_seed
};

enum class Ending : std::uint8_t {
  for_good,      // the hooks go, unless the settings say to leave them
  for_successor  // hooks stay, and packets wait for whoever adopts the queues
};

// How long a worker may take to judge by a new policy before that is said.
inline constexpr Duration longest_takeover = std::chrono::seconds(5);

class Firewall {
 public:
  // Throws std::system_error or std::runtime_error with a line for the operator.
  explicit Firewall(const Settings& settings, Inheritance inheritance = {});
  ~Firewall();
  Firewall(const Firewall&) = delete;
  Firewall& operator=(const Firewall&) = delete;

  // Devices that are not here yet are awaited: a host that boots makes them one by one.
  void start(const Policy& policy);
  // Throws std::runtime_error when `policy` cannot be brought into force; then the old one still is. A device
  // that is named and not here is a mistake, or, `awaited`, one that will come.
  enum class Absent : std::uint8_t { refused, awaited };
  ReloadReport reload(const Policy& policy, Absent absent = Absent::refused);

  // When a device came or went: packets of a device that is back under its name are judged as before, though
  // for the kernel it is another one. What one that is absent had is kept for its return. What changed, as
  // sentences; empty when nothing did. Throws like reload(), and then it was not done.
  [[nodiscard]] std::vector<std::string> rebind_devices();
  // When somebody changed rules: installs ours again unless they stand as they did; true if it had to.
  // Throws std::runtime_error when that fails.
  [[nodiscard]] bool mend_hooks();
  [[nodiscard]] std::uint64_t hooks_mended() const noexcept { return hooks_.installed_again(); }
  [[nodiscard]] bool rule_changes_are_told() const noexcept { return hooks_.installer().changes_are_told(); }

  // Ends the workers, once they have answered what they took. False when rules are left that should have
  // gone; the log says why. Idempotent.
  bool stop(Ending ending);

  // Everything that is worth more than this process: flows and counters, as they are now. Copies flows in
  // parts, so that no worker waits for long; after stop() it is final.
  [[nodiscard]] SavedState save();
  // What came from the process before, and is not a worker's yet; takes idle ones away. Now and then.
  void expire_waiting() {
    while (!waiting_.expire(clock_.now())) continue;
  }

  // By name, for the service manager to keep.
  [[nodiscard]] std::vector<std::pair<std::string, int>> descriptors() const;
  // Bursts that each worker has ended; one that stands still is stuck.
  [[nodiscard]] std::vector<std::uint64_t> progress() const;

  [[nodiscard]] int failure_event() const noexcept { return failure_event_.get(); }
  [[nodiscard]] std::string failure() const;

  [[nodiscard]] FastPathStatus fast_path() const;
  // Until counters and flows hold what the kernel has answered up to now. Does nothing without a fast path;
  // false when a worker has not looked in time.
  bool catch_up();

  [[nodiscard]] std::string_view backend() const noexcept { return hooks_.installer().backend(); }
  [[nodiscard]] std::shared_ptr<const CompiledPolicy> policy() const { return reloader_->current(); }
  // What the policy in force was compiled from. Not before start().
  [[nodiscard]] const Policy& written_policy() const { return written_.value(); }
  [[nodiscard]] const CounterSlots& slots() const noexcept { return reloader_->slots(); }
  [[nodiscard]] std::vector<const Counters*> counters() const;
  // What of them is of the processes before this one.
  [[nodiscard]] const Counters& inherited_counters() const noexcept { return inherited_counters_; }
  [[nodiscard]] std::vector<QueueStatistics> queue_statistics() const;
  [[nodiscard]] std::size_t flow_count() const;
  [[nodiscard]] std::size_t flow_capacity() const;
  // How full each worker's flow table is, in the order of the workers.
  [[nodiscard]] std::vector<FlowTableUse> flow_table_use() const;
  // Names of devices of the policy that are not here.
  [[nodiscard]] std::vector<std::string> awaited_devices() const;
  // At most `most` live flows, copied shard by shard.
  [[nodiscard]] std::vector<Flow> flows(std::size_t most, TimePoint at) const;
  // The next of them, some at a time; false after the last. Each flow that lives throughout comes once.
  bool next_flows(FlowCursor& cursor, TimePoint at, std::vector<Flow>& flows) const;
  // The live flow of `key`, whichever shard has it.
  [[nodiscard]] std::vector<Flow> flows_of(const std::vector<FlowKey>& keys, TimePoint at) const;
  // How many flows an interface holds, over all shards (C-60).
  [[nodiscard]] std::uint32_t flows_held(InterfaceNumber interface) const noexcept {
    return allowance_.used(interface);
  }

  // What the workers' clock says: now(), or what a test has made of it (settings.test_clock).
  [[nodiscard]] TimePoint judging_time() const noexcept { return clock_.now(); }
  [[nodiscard]] Duration advanced() const noexcept { return clock_.advanced(); }
  // Moves the test clock, for every worker; false when one has not taken the new time up in time.
  bool advance_clock(Duration by);

  // Opens an observer; nothing when there are as many as may be. What the kernel answers by itself is judged
  // once more, so that the observer is told, and then left to the kernel again as far as all observers leave
  // it to it. `everywhere` is false when a worker has not taken the change up in time.
  struct Observation {
    std::size_t observer = 0;
    bool everywhere = false;
  };
  [[nodiscard]] std::optional<Observation> observe(const DecisionFilter& filter, FastPathUse use);
  void stop_observing(std::size_t observer);
  [[nodiscard]] Observers& observers() noexcept { return *observers_; }
  [[nodiscard]] const Observers& observers() const noexcept { return *observers_; }

  // Tries `candidate` beside the policy in force, from now until end_shadow(); the flows that there are now
  // are its to begin with. Meanwhile the kernel answers nothing by itself. Null when one is tried already.
  // Throws std::runtime_error when it could not be brought into force, or a worker does not take part in
  // time; then nothing is tried.
  [[nodiscard]] std::shared_ptr<Shadow> begin_shadow(const Policy& candidate);
  // Its totals are final then, unless this returns false: a worker has not taken it up in time.
  bool end_shadow();
  // Ranges and devices of `candidate` whose packets do not come here under the policy in force.
  [[nodiscard]] std::vector<std::string> unseen_by_shadow(const Policy& candidate) const;

  // Whether decisions are recorded: all of them, or, `beside_fast_path`, those that are not left to the
  // kernel. False when a worker has not taken the change up in time.
  bool watch_decisions(bool on, bool beside_fast_path = false);
  [[nodiscard]] const EventTap& tap() const noexcept { return *tap_; }

 private:
  struct NamedDevice {
    std::string name, interface;
    unsigned index = 0;  // 0: absent
  };
  [[nodiscard]] std::vector<NamedDevice> named_devices(const Policy& policy, Absent absent) const;
  [[nodiscard]] static std::vector<DeviceBinding> bindings_of(const std::vector<NamedDevice>& devices);
  [[nodiscard]] HookPlan hook_plan(const Policy& policy, const std::vector<NamedDevice>& devices);
  void inherit(const Policy& policy);
  void drop_ended_waiting();
  void give_flows_to(Shadow& shadow) const;
  void load_fast_path();
  void give_up_fast_path(const std::string& reason);
  void open_fast_path(const CompiledPolicy& policy);
  [[nodiscard]] bool is_paused() const noexcept;
  [[nodiscard]] bool kernel_answers() const noexcept;
  [[nodiscard]] bool suit_watchers();
  void suit_priority();
  // The socket of a queue that the process before has left under `name`, if there is one.
  [[nodiscard]] FileDescriptor take_queue_socket(const std::string& name);
  // What keeps the fast path's programs where rules can name them, while `plan` is installed.
  [[nodiscard]] std::unique_ptr<KernelFastPath::Pins> pins_for(const HookPlan& plan) const;
  void install(const HookPlan& plan);
  void wake_workers() noexcept;
  // Until every worker has begun and ended a burst; false when that takes too long.
  [[nodiscard]] bool every_worker_has_looked();
  void run_worker(std::size_t index, const std::stop_token& stop);

  Settings settings_;
  FileDescriptor failure_event_;
  mutable std::mutex failure_mutex_;
  std::string failure_;

  std::unique_ptr<KernelFastPath> fast_path_;  // null: every packet is judged
  DeviceClasses no_device_classes_{0};
  std::string no_fast_path_;    // why not
  bool tap_pauses_ = false;     // the fast path, while all decisions are recorded
  bool shadow_pauses_ = false;  // likewise, while a candidate is tried
  std::array<std::optional<FastPathUse>, Observers::most> uses_;  // what each observer leaves to it

  WorkerClock clock_;
  FlowAllowance allowance_;
  Inheritance inheritance_;
  Counters inherited_counters_;
  WaitingFlows waiting_;
  Shards shards_;
  std::deque<NfQueue> queues_;
  Snapshot<CompiledPolicy> policies_;
  std::unique_ptr<GenerationBarrier> barrier_;
  std::unique_ptr<BurstFence> fence_;
  std::unique_ptr<EventTap> tap_;
  std::unique_ptr<Observers> observers_;
  ShadowStage stage_;
  std::unique_ptr<Reloader> reloader_;
  std::optional<Policy> written_;
  StandingHooks hooks_;
  std::vector<NamedDevice> devices_;  // of the policy in force
  std::deque<Worker> workers_;
  WorkerScheduling scheduling_;
  std::vector<std::jthread> threads_;
};

}  // namespace vpcwall
