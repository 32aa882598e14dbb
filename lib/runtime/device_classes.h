// Which devices the hook rules tell the fast path apart (engine/passage.h), for the life of the process.
//
//   DeviceClasses classes(8);                     // that many have rules of their own
//   classes.assign(device);                       // control thread, before the hooks name it
//   classes.of(policy, device);                   // workers: of a packet that leaves by it
//
// A class is never given to a second device, so a record that names one stays true over every reload.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "engine/passage.h"

namespace vpcwall {

class DeviceClasses {
 public:
  static constexpr std::size_t most = 64;
  static constexpr DeviceClass others = 0;

  explicit DeviceClasses(std::size_t count) : count_(count < most ? count : most) {}

  // 1 to `count`, or nothing when all are given away.
  std::optional<DeviceClass> assign(std::uint32_t device) noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      std::uint32_t known = devices_.at(i).load(std::memory_order_relaxed);
      if (known == 0) devices_.at(i).store(known = device, std::memory_order_release);
      if (known == device) return static_cast<DeviceClass>(i + 1);
    }
    return std::nullopt;
  }

  // Device 0: the hook has none.
  [[nodiscard]] DeviceClass of(const CompiledPolicy& policy, std::uint32_t device) const noexcept {
    if (device == 0 || policy.interface_on(device) == no_interface) return others;
    for (std::size_t i = 0; i < count_; ++i)
      if (devices_[i].load(std::memory_order_acquire) == device) return static_cast<DeviceClass>(i + 1);
    return no_device_class;
  }

 private:
  std::size_t count_;
  std::array<std::atomic<std::uint32_t>, most> devices_{};
};

}  // namespace vpcwall
