// The engine with a fast path beside the engine without and the twin: the same run for all three.
//
// Compared are the verdict of every packet, whoever answered it, and, whenever all has been taken over, every
// counter of every rule, gate and reason and every flow. Places are few, so that records are thrown out all
// the time, and the kernel lets go of them late. One thread per call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/passage.h"
#include "fast_path/fast_path.h"
#include "property/run.h"

namespace vpcwall::property {

// Whoever runs the fast path's programs on `memory()`.
class Kernel {
 public:
  Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  virtual ~Kernel() = default;

  // Whether the programs can be asked about packets of this way.
  [[nodiscard]] virtual bool meets(const Passage& passage) const = 0;
  virtual bool passes(const Packet& packet, const Passage& passage) = 0;
  virtual bool refuses(const Packet& packet, const Passage& passage) = 0;
  [[nodiscard]] virtual FastPathMemory& memory() = 0;
};

// program.h in this process.
class HostKernel : public Kernel {
 public:
  HostKernel();
  [[nodiscard]] bool meets(const Passage&) const override { return true; }
  bool passes(const Packet& packet, const Passage& passage) override;
  bool refuses(const Packet& packet, const Passage& passage) override;
  [[nodiscard]] FastPathMemory& memory() override { return memory_; }

 private:
  [[nodiscard]] bool look_up(const fast_path::refusal_key& key, std::uint32_t length);
  [[nodiscard]] std::uint64_t now() const noexcept { return memory_.control->clock; }

  fast_path::control control_{};
  std::vector<fast_path::bucket> flow_buckets_, refusal_buckets_;
  std::vector<fast_path::flow_record> flows_;
  std::vector<fast_path::refusal_record> refusals_;
  std::vector<std::uint8_t> presence_;
  FastPathMemory memory_;
};

struct FastPathCoverage {
  std::uint64_t runs = 0, packets = 0, reloads = 0;
  std::uint64_t passed = 0, refused = 0;  // by the kernel
  std::uint64_t passed_late = 0;          // by a worker, as the kernel would have
  std::uint64_t flows_compared = 0, counters_compared = 0;
};
[[nodiscard]] std::string to_string(const FastPathCoverage& coverage);

// The first difference in words; nothing when there is none.
[[nodiscard]] std::optional<std::string> play_with_fast_path(const Run& run, Kernel& kernel,
                                                             FastPathCoverage& coverage);

}  // namespace vpcwall::property
