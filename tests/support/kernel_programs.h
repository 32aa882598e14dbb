// The kernel's own fast path programs, asked packet by packet without a wire (BPF_PROG_TEST_RUN).
//
// In a namespace of its own, with devices for the packets to come from. Needs root. KernelPrograms asks the
// programs of the rules, MarkingPrograms that of the devices; the latter's answers are not always heeded.
#pragma once

#include <memory>

#include "daemon/fast_path/kernel_fast_path.h"
#include "property/fast_path_play.h"
#include "support/network_namespace.h"

namespace vpcwall::test {

class KernelPrograms : public property::Kernel {
 public:
  KernelPrograms();

  [[nodiscard]] bool meets(const Passage& passage) const override;
  bool passes(const Packet& packet, const Passage& passage) override;
  bool refuses(const Packet& packet, const Passage& passage) override;
  [[nodiscard]] FastPathMemory& memory() override { return memory_; }

 private:
  [[nodiscard]] bool ask(int program, const Packet& packet, const Passage& passage) const;

  NetworkNamespace place_;
  std::unique_ptr<KernelFastPath> fast_path_;
  FastPathMemory memory_;
};

class MarkingPrograms : public property::Kernel {
 public:
  MarkingPrograms();

  [[nodiscard]] bool meets(const Passage& passage) const override;
  bool passes(const Packet& packet, const Passage& passage) override;
  bool refuses(const Packet& packet, const Passage& passage) override;
  [[nodiscard]] std::uint8_t answered_in_vain() const override { return heeded_ ? std::uint8_t{0} : answer_; }
  [[nodiscard]] FastPathMemory& memory() override { return memory_; }

  // The mark of the packet, that came with `mark`, behind the program.
  [[nodiscard]] std::uint32_t marked(const std::vector<std::byte>& bytes, bool ipv4, std::uint32_t in_device,
                                     std::uint32_t mark, bool for_us = true) const;
  static constexpr std::uint8_t first_bit = 12;

 private:
  NetworkNamespace place_;
  std::uint64_t asked_ = 0;
  std::uint8_t answer_ = 0;
  bool heeded_ = false;
  std::unique_ptr<KernelFastPath> fast_path_;
  FastPathMemory memory_;
};

// The packet as it would come from the wire, as long as it says it is and no longer than 2048 bytes.
[[nodiscard]] std::vector<std::byte> wire_bytes(const Packet& packet);

}  // namespace vpcwall::test
