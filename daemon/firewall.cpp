#include "daemon/firewall.h"

#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <system_error>
#include <unordered_map>

#include "daemon/random_seed.h"
#include "daemon/service/service_manager.h"

namespace vpcwall {
namespace {

constexpr std::size_t records_at_a_time = 1024;  // of the fast path, once nobody adds any

std::string descriptor_name(std::uint16_t queue) { return "queue-" + std::to_string(queue); }

FileDescriptor make_event() {
  FileDescriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (event.get() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

}  // namespace

TimePoint now() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

Firewall::Firewall(const Settings& settings, Inheritance inheritance)
    : settings_(settings),
      failure_event_(make_event()),
      clock_(settings.test_clock ? WorkerClock(now()) : WorkerClock(now)),
      inheritance_(std::move(inheritance)),
      waiting_(allowance_, random_seed()),
      hooks_(make_hook_installer(settings.backend, settings.fast_path != FastPathMode::off)) {
  if (settings.fast_path != FastPathMode::off) load_fast_path();
  const std::uint16_t count =
      queue_count(settings, std::thread::hardware_concurrency(), fast_path_ != nullptr);
  if (fast_path_) waiting_.use(fast_path_->shared());
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto number = static_cast<std::uint16_t>(settings.queues.first + i);
    queues_.emplace_back(QueueSettings{.number = number,
                                       .copy_bytes = settings.queues.copy_bytes,
                                       .length = settings.queues.length,
                                       .receive_buffer_bytes = settings.queues.receive_buffer,
                                       .fail_open = settings.fail_mode == FailMode::open},
                         take_queue_socket(descriptor_name(number)));
    shards_.emplace_back(std::in_place, settings.flows_per_worker, random_seed(), allowance_);
    shards_.back().with([&](Shard& shard) { shard.use(waiting_); });
    if (!fast_path_) continue;
    // What the kernel repeats outlives this process, and then, failing open, nothing is to be refused.
    const bool refusals = settings.fail_mode == FailMode::closed;
    shards_.back().with([&](Shard& shard) { shard.use(fast_path_->shared(), i, refusals); });
  }
  // Of queues that are no longer wanted: kept, they would be nobody else's.
  for (const auto& [name, descriptor] : inheritance_.descriptors)
    if (descriptor) forget_descriptor(name);
  inheritance_.descriptors.clear();
  barrier_ = std::make_unique<GenerationBarrier>(count);
  fence_ = std::make_unique<BurstFence>(count);
  tap_ = std::make_unique<EventTap>(count);
  observers_ = std::make_unique<Observers>(count);
  reloader_ = std::make_unique<Reloader>(
      policies_, shards_, *barrier_,
      [this](const CompiledPolicy& policy) {
        open_fast_path(policy);
        observers_->announce(policy, reloader_->slots());
      },
      [this] { wake_workers(); });
}

void Firewall::load_fast_path() {
  // A few more than now: devices may be added by a reload.
  constexpr std::size_t spare_classes = 8;
  if (const std::string refusal = hooks_.installer().fast_path_refusal(); !refusal.empty())
    return give_up_fast_path(refusal);
  try {
    fast_path_ = std::make_unique<KernelFastPath>(FastPathSizes{}, settings_.devices.size() + spare_classes);
  } catch (const std::runtime_error& error) {
    return give_up_fast_path(error.what());
  }
  if (settings_.test_clock) fast_path_->shared().stand_still(clock_.now());
}

void Firewall::give_up_fast_path(const std::string& reason) {
  if (settings_.fast_path == FastPathMode::required)
    throw std::runtime_error("fast_path is required, but: " + reason);
  no_fast_path_ = reason;
}

// Nothing that was judged before `policy` is answered any more; what is judged under it is, unless somebody
// watches the decisions: then every packet is one.
void Firewall::open_fast_path(const CompiledPolicy& policy) {
  if (!fast_path_) return;
  fast_path_->shared().begin_change();
  if (!kernel_answers()) return;
  fast_path_->shared().end_change(policy.generation, services_of(policy).value_or(std::vector<Prefix>{}));
}

FastPathStatus Firewall::fast_path() const {
  FastPathStatus status;
  status.reason = no_fast_path_;
  if (!fast_path_) return status;
  status.active = kernel_answers();
  if (is_paused())
    status.reason = shadow_pauses_ ? "a policy is tried in the shadow, so every packet has to come to it"
                                   : "decisions are being recorded, so every packet has to be one";
  status.flow_places = fast_path_->shared().memory().flows.size();
  status.refusal_places = fast_path_->shared().memory().refusals.size();
  for (const Guarded<Shard>& shard : shards_)
    shard.read([&](const Shard& one) {
      status.flows += one.cached_flows();
      status.refusals += one.cached_refusals();
    });
  return status;
}

bool Firewall::catch_up() {
  // While it is paused there is nothing to take over: watch_decisions() did.
  return !fast_path_ || is_paused() || every_worker_has_looked();
}

Firewall::~Firewall() {
  for (std::jthread& thread : threads_) thread.request_stop();
  wake_workers();
}

void Firewall::start(const Policy& policy) {
  devices_ = named_devices(policy, Absent::awaited);
  for (const NamedDevice& device : devices_)
    if (device.index == 0)
      spdlog::warn(
          "interface {}: there is no device {} here yet: its packets are judged once there is; mend a wrong "
          "name as `device` in the policy or `devices` in daemon.yaml",
          device.interface, device.name);
  const HookPlan plan = hook_plan(policy, devices_);
  require_installable(plan);
  reloader_->apply(policy, bindings_of(devices_), Duration::zero());
  inherit(policy);
  const WorkerSurroundings surroundings{
      policies_, shards_, *barrier_,
      *fence_,   *tap_,   *observers_,
      stage_,    clock_,  fast_path_ ? fast_path_->device_classes() : no_device_classes_};
  for (std::size_t i = 0; i < queues_.size(); ++i) workers_.emplace_back(i, queues_[i], surroundings);
  for (std::size_t i = 0; i < queues_.size(); ++i)
    threads_.emplace_back([this, i](const std::stop_token& stop) { run_worker(i, stop); });
  try {
    install(plan);
  } catch (const std::runtime_error& error) {
    if (!plan.fast_path) throw;
    give_up_fast_path(error.what());
    fast_path_->shared().begin_change();
    install(hook_plan(policy, devices_));
  }
  if (fast_path_ && no_fast_path_.empty()) fast_path_->leave_for_successor();
  suit_priority();
}

std::vector<std::pair<std::string, int>> Firewall::descriptors() const {
  std::vector<std::pair<std::string, int>> all;
  for (std::size_t i = 0; i < queues_.size(); ++i)
    all.emplace_back(descriptor_name(static_cast<std::uint16_t>(settings_.queues.first + i)),
                     queues_[i].descriptor());
  return all;
}

std::vector<std::uint64_t> Firewall::progress() const {
  std::vector<std::uint64_t> all;
  for (const Worker& worker : workers_) all.push_back(worker.progress());
  return all;
}

ReloadReport Firewall::reload(std::shared_ptr<const PreparedPolicy> next, Absent absent) {
  reloader_->require_prepared_from_here(*next);
  const Policy& policy = *next->written;
  std::vector<NamedDevice> devices = named_devices(policy, absent);
  // Hooks first: what the new policy guards must reach the queues before it is promised to be guarded.
  install(hook_plan(policy, devices));
  retired_.insert(retired_.end(), {reloader_->in_force(), reloader_->current()});
  ReloadReport report = reloader_->bring_into_force(std::move(next), bindings_of(devices), longest_takeover);
  devices_ = std::move(devices);
  drop_ended_waiting();
  give_back_retired();
  return report;
}

// A large policy is millions of pieces of memory: neither a worker nor the control thread has time for them.
void Firewall::give_back_retired() {
  if (giving_back_.is_busy() && !giving_back_.take()) return;
  if (retired_.empty()) return;
  try {
    giving_back_.begin([some = std::exchange(retired_, {})](const std::stop_token&) mutable {
      some.clear();
      return true;
    });
  } catch (const std::system_error& error) {
    spdlog::warn("no thread to give back memory with: {}", error.what());
  }
}

// What the workers and the flows need is done whether or not the rules go.
bool Firewall::stop(Ending ending) {
  bool done = true;
  if (ending == Ending::for_successor) {
    for (NfQueue& queue : queues_) queue.lengthen();
  } else if (hooks_.are_installed() && settings_.remove_hooks_at_stop) {
    try {
      hooks_.remove();
      if (fast_path_) fast_path_->leave_nothing();
    } catch (const std::exception& error) {
      spdlog::critical("the hook rules stay, and nobody answers their queues: {}", error.what());
      done = false;
    }
  }
  for (std::jthread& thread : threads_) thread.request_stop();
  wake_workers();
  threads_.clear();  // joins
  for (Guarded<Shard>& shard : shards_)
    shard.with([](Shard& one) {
      while (!one.take_over(records_at_a_time)) continue;
    });
  return done;
}

std::string Firewall::failure() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

std::vector<const Counters*> Firewall::counters() const {
  std::vector<const Counters*> all;  // counters are made to be read beside their worker
  for (const Guarded<Shard>& shard : shards_) all.push_back(&shard.unguarded().counters());
  return all;
}

std::vector<QueueStatistics> Firewall::queue_statistics() const {
  std::vector<QueueStatistics> all;
  for (const NfQueue& queue : queues_) all.push_back(queue.statistics());
  return all;
}

std::size_t Firewall::flow_count() const {
  std::size_t sum = waiting_.size();
  for (const Guarded<Shard>& shard : shards_)
    sum += shard.read([](const Shard& one) { return one.flows().size(); });
  return sum;
}

std::vector<std::string> Firewall::awaited_devices() const {
  std::vector<std::string> names;
  for (const NamedDevice& device : devices_)
    if (device.index == 0) names.push_back(device.name);
  return names;
}

std::size_t Firewall::flow_capacity() const { return shards_.size() * settings_.flows_per_worker; }

// Those that wait come first: a worker may take one over meanwhile, and then it counts as the worker's.
std::vector<Flow> Firewall::flows(std::size_t most, TimePoint at) const {
  std::vector<Flow> copies;
  std::unordered_map<FlowKey, Flow, FlowHash> waiting(0, FlowHash(random_seed()));
  waiting_.visit(at, [&](const Flow& flow) { waiting.emplace(flow.key, flow); });
  for (const Guarded<Shard>& shard : shards_)
    shard.read([&](const Shard& one) {
      one.flows().visit(at, [&](const Flow& flow) {
        if (copies.size() < most) copies.push_back(flow);
        waiting.erase(flow.key);
      });
    });
  for (const auto& [key, flow] : waiting)
    if (copies.size() < most) copies.push_back(flow);
  return copies;
}

std::vector<Flow> Firewall::flows_of(const std::vector<FlowKey>& keys, TimePoint at) const {
  std::vector<Flow> copies;
  for (const FlowKey& key : keys) {
    std::optional<Flow> found = waiting_.find(key, at);
    for (const Guarded<Shard>& shard : shards_)
      shard.read([&](const Shard& one) {
        if (const Flow* flow = one.flows().find(key, at)) found = *flow;
      });
    if (found) copies.push_back(*found);
  }
  return copies;
}

bool Firewall::advance_clock(Duration by) {
  clock_.advance(by);
  if (fast_path_ && settings_.test_clock) fast_path_->shared().stand_still(clock_.now());
  return every_worker_has_looked();
}

bool Firewall::watch_decisions(bool on, bool beside_fast_path) {
  tap_pauses_ = on && !beside_fast_path;
  if (on)
    tap_->enable();
  else
    tap_->disable();
  return suit_watchers();
}

std::optional<Firewall::Observation> Firewall::observe(const DecisionFilter& filter, FastPathUse use) {
  const auto observer = observers_->open(filter, *policy(), slots());
  if (!observer) return std::nullopt;
  uses_.at(*observer) = use;
  // What the kernel answers now would be told to nobody: it asks once more, with an observer there to hear.
  if (fast_path_) fast_path_->shared().rest(true, true);
  const bool looked = !fast_path_ || every_worker_has_looked();
  return Observation{*observer, suit_watchers() && looked};
}

void Firewall::stop_observing(std::size_t observer) {
  observers_->close(observer);
  uses_.at(observer).reset();
  if (!suit_watchers()) spdlog::error("a worker has not taken up in time that nobody observes any more");
}

bool Firewall::is_paused() const noexcept {
  return tap_pauses_ || shadow_pauses_ ||
         std::find(uses_.begin(), uses_.end(), FastPathUse::off) != uses_.end();
}

bool Firewall::kernel_answers() const noexcept { return fast_path_ && no_fast_path_.empty() && !is_paused(); }

// The kernel answers what nobody wants to see as a decision.
bool Firewall::suit_watchers() {
  const bool refusals_seen = std::find(uses_.begin(), uses_.end(), FastPathUse::flows) != uses_.end();
  if (fast_path_ && is_paused()) fast_path_->shared().begin_change();
  if (fast_path_) fast_path_->shared().rest(false, refusals_seen);
  const bool everywhere = every_worker_has_looked();
  if (const auto policy = reloader_->current()) open_fast_path(*policy);
  suit_priority();
  return everywhere;
}

// New connections wait for established ones, unless those wait for the workers, too.
void Firewall::suit_priority() {
  if (!scheduling_.put_behind_established(kernel_answers()))
    spdlog::warn(
        "every packet comes to the workers now, and still other programs run before them: to raise a "
        "priority again takes LimitNICE=+0 in the unit, or `prlimit --nice=20`");
}

void Firewall::wake_workers() noexcept {
  for (NfQueue& queue : queues_) queue.wake();
}

bool Firewall::every_worker_has_looked() {
  if (threads_.empty()) return true;  // stopped
  const std::uint64_t number = fence_->raise();
  wake_workers();
  return fence_->wait(number, longest_takeover);
}

void Firewall::run_worker(std::size_t index, const std::stop_token& stop) {
  try {
    const WorkerScheduling::Enlistment enlistment(scheduling_);
    workers_[index].run(stop);
  } catch (const std::exception& error) {
    {
      const std::lock_guard lock(failure_mutex_);
      failure_ = "worker " + std::to_string(index) + ": " + error.what();
    }
    const std::uint64_t one = 1;
    // The counter cannot overflow with one write per worker; nothing to do about a failure either.
    [[maybe_unused]] const ssize_t written = ::write(failure_event_.get(), &one, sizeof one);
  }
}

}  // namespace vpcwall
