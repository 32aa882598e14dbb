// The kernel's own fast path programs, asked packet by packet without a wire (BPF_PROG_TEST_RUN).
//
// In a namespace of its own, with devices for the packets to come from. Needs root.
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

// The packet as it would come from the wire, as long as it says it is and no longer than 2048 bytes.
[[nodiscard]] std::vector<std::byte> wire_bytes(const Packet& packet);

}  // namespace vpcwall::test
