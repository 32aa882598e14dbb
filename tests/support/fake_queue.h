// A PacketQueue in memory: bursts are put in by a test, verdicts come out. Safe for one feeding thread beside
// the worker.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "runtime/packet_queue.h"
#include "support/packet_bytes.h"

namespace vpcwall::test {

class FakeQueue : public PacketQueue {
 public:
  struct Given {
    Bytes bytes;
    HookPoint hook = HookPoint::forward;
    std::uint32_t in_device = 0, out_device = 0;
  };

  void give(std::vector<Given> burst);
  // Waits until every packet given so far was answered; returns all verdicts in order.
  [[nodiscard]] std::vector<Verdict> verdicts();
  [[nodiscard]] std::size_t answers() const;

  [[nodiscard]] std::span<const QueuedPacket> receive(Duration max_wait) override;
  void answer(std::span<const Verdict> verdicts) override;
  void wake() noexcept override;
  [[nodiscard]] QueueStatistics statistics() const override;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<Given>> bursts_;
  std::vector<Given> current_;
  std::vector<QueuedPacket> handed_out_;
  std::vector<Verdict> verdicts_;
  std::size_t given_ = 0;
  std::size_t answers_ = 0;
  bool woken_ = false;
};

}  // namespace vpcwall::test
