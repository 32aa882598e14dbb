#include "daemon/hooks/hook_keeper.h"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "daemon/hooks/netlink_attributes.h"
#include "daemon/hooks/nft_rules.h"
#include "daemon/log/log.h"

namespace vpcwall {
namespace {

constexpr Duration between_lines = std::chrono::seconds(1);  // about repairs

TimePoint time_now() noexcept { return std::chrono::steady_clock::now(); }

FileDescriptor make_event() {
  FileDescriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (event.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

FileDescriptor listen_to(int protocol, int group, const char* what) {
  FileDescriptor socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  // Without an address of its own a socket is taken for the kernel's, and hears nothing of what that says.
  sockaddr_nl own{};
  own.nl_family = AF_NETLINK;
  const int buffer = 8 << 20;  // others may change very much at once
  if (socket) (void)::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
  if (socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0 &&
      ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
    return socket;
  spdlog::warn("the kernel does not tell of changes of {}: {}", what, std::strerror(errno));
  return {};
}

// Whether a message of nftables is about a table of ours: its first attribute names the table, whatever the
// message is about.
bool is_about_us(const nlmsghdr& message) {
  if (message.nlmsg_type >> 8U != NFNL_SUBSYS_NFTABLES) return false;
  bool ours = false;
  each_attribute(message, sizeof(nfgenmsg), [&ours](const nlattr* attribute) {
    if (mnl_attr_get_type(attribute) == 1 && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
      ours = ours || nft_table == mnl_attr_get_str(attribute);
  });
  return ours;
}

bool any_message(const nlmsghdr&) { return true; }

// Whether there was a message that matters, or some were lost.
template <class Matters>
bool drain(const FileDescriptor& socket, std::vector<char>& buffer, Matters matters) {
  bool any = false;
  for (;;) {
    const ssize_t got = socket ? ::recv(socket.get(), buffer.data(), buffer.size(), 0) : -1;
    if (got < 0 && socket && errno == ENOBUFS) {
      any = true;
      continue;
    }
    if (got < 0) return any;
    auto left = static_cast<int>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); !any && mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left))
      any = matters(*message);
  }
}

}  // namespace

std::string_view to_string(HookState state) noexcept {
  switch (state) {
    case HookState::absent: return "absent";
    case HookState::whole: return "whole";
    case HookState::missing: return "missing";
    case HookState::unverified: return "unverified";
  }
  return "";
}

HookKeeper::HookKeeper(std::unique_ptr<HookInstaller> installer, Prepare prepare)
    : prepare_(std::move(prepare)),
      wake_(make_event()),
      rules_(listen_to(NETLINK_NETFILTER, NFNLGRP_NFTABLES, "packet filter rules")),
      links_(listen_to(NETLINK_ROUTE, RTNLGRP_LINK, "devices")),
      hooks_(std::move(installer)),
      backend_(hooks_.installer().backend()) {}

HookKeeper::~HookKeeper() { let_go(); }

void HookKeeper::let_go() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
  thread_.join();
}

void HookKeeper::install(const HookPlan& plan) {
  {
    const std::lock_guard lock(mutex_);
    put_in_force(plan);
    kept_ = true;
  }
  wanted_ = plan;
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void HookKeeper::remove() {
  let_go();
  const std::lock_guard lock(mutex_);
  kept_ = false;
  wanted_.reset();
  hooks_.remove();
  set_state(HookState::absent);
}

HookReport HookKeeper::report() const {
  const std::lock_guard lock(report_mutex_);
  return report_;
}

// Holding mutex_.
void HookKeeper::put_in_force(const HookPlan& plan) {
  const std::shared_ptr<void> prepared = prepare_(plan);
  HookPlan gated = with_gates(plan);
  std::string refused;
  try {
    hooks_.install(gated);
  } catch (const std::runtime_error& error) {
    if (gated.gates.empty()) throw;
    // A kernel without hooks for devices, or for what leaves by them, still has the others.
    gated.gates.clear();
    hooks_.install(gated);
    refused = error.what();
  }
  if (std::exchange(gates_refused_, refused) != refused && !refused.empty())
    spdlog::critical("what passes by no rule of IP at a device cannot be kept out on this kernel: {}",
                     refused);
  {
    const std::lock_guard lock(report_mutex_);
    report_.owned = hooks_.installer().owns();
  }
  set_state(HookState::whole);
}

// Where the kernel does not say what devices there are, the gates stay as they are.
HookPlan HookKeeper::with_gates(HookPlan plan) {
  plan.gates.clear();
  if (plan.device_indexes.empty()) return plan;
  try {
    const Links links = read_links();
    DeviceGates gates = device_gates(plan, links, links_with_further_addresses(links));
    plan.gates = std::move(gates.gates);
    tell_devices(gates.notes);
  } catch (const std::system_error& error) {
    spdlog::error("cannot look at the devices: {}", error.what());
    if (hooks_.are_installed()) plan.gates = hooks_.plan().gates;
  }
  return plan;
}

void HookKeeper::tell_devices(const std::vector<DeviceNote>& notes) {
  std::vector<DeviceNote> before;
  {
    const std::lock_guard lock(report_mutex_);
    before = std::exchange(report_.devices, notes);
  }
  const auto say = [](spdlog::level::level_enum level, const std::string& text) {
    log_event(level, {{"EVENT", "device"}}, text);
  };
  for (const DeviceNote& note : notes) {
    if (std::find(before.begin(), before.end(), note) != before.end()) continue;
    const std::string device = "device " + note.device + ' ' + note.reason;
    if (note.state == "closed")
      say(spdlog::level::critical,
          device + ": its packets would pass unjudged, so none passes by it until it is free");
    else if (note.state == "shared")
      say(spdlog::level::warn,
          device + ": what that sends and receives cannot be judged here, and is dropped");
    else
      say(spdlog::level::critical, device + ": packets that pass there are NOT JUDGED");
  }
  for (const DeviceNote& note : before) {
    const bool still = std::any_of(notes.begin(), notes.end(),
                                   [&](const DeviceNote& now) { return now.device == note.device; });
    if (!still)
      say(spdlog::level::warn, "device " + note.device + " is judged as before: it no longer " + note.reason);
  }
}

void HookKeeper::set_state(HookState state, const std::string& problem) {
  bool fresh = false;
  {
    const std::lock_guard lock(report_mutex_);
    fresh = !problem.empty() && report_.problem != problem;
    report_.state = state;
    report_.problem = problem;
    report_.reinstalled = hooks_.installed_again();
  }
  if (!fresh) return;
  if (state == HookState::missing)
    log_event(spdlog::level::critical, {{"EVENT", "hooks"}},
              "the hook rules are not as they should be, and cannot be installed again yet, so packets pass "
              "unjudged: " +
                  problem);
  else
    log_event(spdlog::level::critical, {{"EVENT", "hooks"}}, "the hook rules cannot be verified: " + problem);
}

// Holding mutex_.
void HookKeeper::check() {
  check_at_.reset();
  const TimePoint now = time_now();
  if (!hooks_.installer().changes_are_told() || !rules_) check_at_ = now + untold;
  bool standing = false;
  try {
    standing = hooks_.stand();
  } catch (const std::runtime_error& error) {
    set_state(HookState::unverified, error.what());
    check_at_ = now + look_again;
    return;
  }
  if (standing) return set_state(HookState::whole);
  {
    const std::lock_guard lock(report_mutex_);
    report_.state = HookState::missing;
  }
  try {
    const std::shared_ptr<void> prepared = prepare_(hooks_.plan());
    hooks_.install_again();
    set_state(HookState::whole);
    check_at_ = now;  // somebody may have been at it meanwhile
  } catch (const std::exception& error) {
    set_state(HookState::missing, error.what());
    check_at_ = now + look_again;
  }
}

// Holding mutex_.
void HookKeeper::tell_repairs(TimePoint now) {
  const std::uint64_t repairs = hooks_.installed_again();
  told_late_ = repairs != told_repairs_ && now - told_repairs_at_ < between_lines;
  if (repairs == told_repairs_ || told_late_) return;
  told_repairs_ = repairs;
  told_repairs_at_ = now;
  log_event(
      spdlog::level::err, {{"EVENT", "hooks"}},
      fmt::format("somebody else removed or changed the hook rules; they are installed again, for the {}. "
                  "time: until then packets passed unjudged",
                  repairs));
}

// Holding mutex_.
void HookKeeper::follow_devices() {
  const HookPlan gated = with_gates(hooks_.plan());
  if (gated == hooks_.plan() || !gates_refused_.empty()) return;
  try {
    const std::shared_ptr<void> prepared = prepare_(gated);
    hooks_.install(gated);
    set_state(HookState::whole);
  } catch (const std::exception& error) {
    set_state(HookState::missing,
              "devices changed, and their gates cannot be installed: " + std::string(error.what()));
    check_at_ = time_now() + look_again;
  }
}

// Holding mutex_. Devices that others put on top of ours in other namespaces are not told of either.
void HookKeeper::count_frames() {
  frames_at_ = time_now() + look_again;
  if (hooks_.plan().gates.empty()) return;
  follow_devices();
  try {
    const std::uint64_t dropped = hooks_.installer().dropped_at_gates();
    const std::lock_guard lock(report_mutex_);
    report_.dropped_at_devices = dropped;
    if (dropped == 0 || std::exchange(told_frames_, true)) return;
    log_event(
        spdlog::level::warn, {{"EVENT", "device"}},
        "frames that no rule of IP would have met are dropped at a device; `vpcwall status` counts them");
  } catch (const std::runtime_error& error) {
    set_state(HookState::unverified, error.what());
  }
}

void HookKeeper::run(const std::stop_token& stop) {
  std::vector<char> buffer(1U << 16U);
  check_at_ = frames_at_ = time_now();
  while (!stop.stop_requested()) {
    TimePoint due = std::min(check_at_.value_or(TimePoint::max()), frames_at_.value_or(TimePoint::max()));
    if (told_late_) due = std::min(due, told_repairs_at_ + between_lines);
    int wait = -1;
    if (due != TimePoint::max())
      wait = static_cast<int>(std::clamp<std::int64_t>(
          std::chrono::ceil<std::chrono::milliseconds>(due - time_now()).count(), 0, 60'000));
    // A descriptor of -1 is one that poll() leaves out.
    std::array<pollfd, 3> watched{
        {{wake_.get(), POLLIN, 0}, {rules_.get(), POLLIN, 0}, {links_.get(), POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), wait) < 0 && errno != EINTR) return;
    if (stop.stop_requested()) return;
    const bool rules_changed = drain(rules_, buffer, is_about_us);
    const bool links_changed = drain(links_, buffer, any_message);
    const std::lock_guard lock(mutex_);
    if (!kept_) continue;
    const TimePoint now = time_now();
    if (links_changed) follow_devices();
    if (rules_changed || (check_at_ && now >= *check_at_)) check();
    if (frames_at_ && now >= *frames_at_) count_frames();
    tell_repairs(now);
  }
}

}  // namespace vpcwall
