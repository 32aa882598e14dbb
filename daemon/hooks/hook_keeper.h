// The hook rules of one plan, kept standing by a thread of its own, whatever else the process is busy with.
//
//   HookKeeper hooks(make_hook_installer(backend), pins_for);
//   if (!hooks.hold(plan)) hooks.install(plan);      // from the first time on they are kept
//   hooks.report();                                  // what is to be known of them
//   hooks.remove();
//
// The kernel tells the thread of every change of rules and of devices. It looks at the tables of vpcwall
// alone, installs again what is gone or other, and closes or opens the gates of devices (device_gates.h),
// within milliseconds and however many rules others have. Where the kernel does not tell (iptables-legacy),
// it looks every few seconds. Each change is said in the log. What fails is tried again.
//
// install(), remove() and hold() belong to one thread; the rest may be called from any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "daemon/file_descriptor.h"
#include "daemon/hooks/device_gates.h"
#include "daemon/hooks/standing_hooks.h"

namespace vpcwall {

// Whether the rules stand.
enum class HookState : std::uint8_t {
  absent,      // not installed, or taken away
  whole,       // as they were installed
  missing,     // somebody else has removed or changed them, and they could not be installed again yet
  unverified,  // the kernel does not say
};
[[nodiscard]] std::string_view to_string(HookState state) noexcept;

struct HookReport {
  HookState state = HookState::absent;
  std::string problem;  // of `missing` and `unverified`
  bool owned = false;   // nothing else can change them
  std::uint64_t reinstalled = 0;
  std::vector<DeviceNote> devices;
  std::uint64_t dropped_at_devices = 0;  // frames, see DeviceGate
};

class HookKeeper {
 public:
  static constexpr Duration look_again = std::chrono::seconds(1);  // at frames dropped, and after a failure
  static constexpr Duration untold = std::chrono::seconds(5);  // where the kernel does not tell of changes

  // Called before rules are installed; what it gives back lives until they are.
  using Prepare = std::function<std::shared_ptr<void>(const HookPlan& plan)>;

  HookKeeper(std::unique_ptr<HookInstaller> installer, Prepare prepare);
  ~HookKeeper();
  HookKeeper(const HookKeeper&) = delete;
  HookKeeper& operator=(const HookKeeper&) = delete;

  [[nodiscard]] bool hold(const HookPlan& plan) const { return wanted_ && plan == *wanted_; }
  // Throws like HookInstaller::install(), and then the plan before is still the installed one.
  void install(const HookPlan& plan);
  // Throws std::runtime_error. Nothing is kept any more, also when it does.
  void remove();
  // The rules stay as they are, and are not kept any more.
  void let_go();

  [[nodiscard]] bool are_installed() const noexcept { return wanted_.has_value(); }
  // As it was given. Precondition: are_installed().
  [[nodiscard]] const HookPlan& plan() const { return wanted_.value(); }
  [[nodiscard]] HookReport report() const;
  [[nodiscard]] std::string fast_path_refusal() { return hooks_.installer().fast_path_refusal(); }
  [[nodiscard]] std::string_view backend() const noexcept { return backend_; }

 private:
  void run(const std::stop_token& stop);
  void put_in_force(const HookPlan& plan);
  [[nodiscard]] HookPlan with_gates(HookPlan plan);
  void check();
  void follow_devices();
  void count_frames();
  void set_state(HookState state, const std::string& problem = {});
  void tell_devices(const std::vector<DeviceNote>& notes);
  void tell_repairs(TimePoint now);

  std::optional<HookPlan> wanted_;
  Prepare prepare_;
  FileDescriptor wake_, rules_, links_;

  std::mutex mutex_;  // of what follows
  StandingHooks hooks_;
  bool kept_ = false;
  std::string gates_refused_;

  std::string backend_;
  mutable std::mutex report_mutex_;  // never held while the kernel is asked
  HookReport report_;

  // The thread's own.
  std::optional<TimePoint> check_at_, frames_at_;
  TimePoint told_repairs_at_{};
  std::uint64_t told_repairs_ = 0;
  bool told_late_ = false;  // a repair is yet to be told
  bool told_frames_ = false;

  std::jthread thread_;
};

}  // namespace vpcwall
