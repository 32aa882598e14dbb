#include "support/fake_queue.h"

namespace vpcwall::test {

void FakeQueue::give(std::vector<Given> burst) {
  const std::lock_guard lock(mutex_);
  given_ += burst.size();
  bursts_.push_back(std::move(burst));
  changed_.notify_all();
}

std::vector<Verdict> FakeQueue::verdicts() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return verdicts_.size() == given_; });
  return verdicts_;
}

std::size_t FakeQueue::answers() const {
  const std::lock_guard lock(mutex_);
  return answers_;
}

std::span<const QueuedPacket> FakeQueue::receive(Duration max_wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, max_wait, [this] { return woken_ || !bursts_.empty(); });
  woken_ = false;
  handed_out_.clear();
  if (bursts_.empty()) return {};
  current_ = std::move(bursts_.front());
  bursts_.pop_front();
  for (const Given& given : current_)
    handed_out_.push_back({given.bytes, static_cast<std::uint32_t>(given.bytes.size()), given.in_device,
                           given.out_device, given.hook});
  return handed_out_;
}

void FakeQueue::answer(std::span<const Verdict> verdicts) {
  const std::lock_guard lock(mutex_);
  verdicts_.insert(verdicts_.end(), verdicts.begin(), verdicts.end());
  ++answers_;
  changed_.notify_all();
}

void FakeQueue::wake() noexcept {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

QueueStatistics FakeQueue::statistics() const { return {}; }

}  // namespace vpcwall::test
