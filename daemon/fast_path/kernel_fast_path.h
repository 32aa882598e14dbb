// The fast path in the kernel: its programs loaded, its memory mapped, its names for the hook rules.
//
//   KernelFastPath kernel(sizes, 8);          // before privileges are given up: needs CAP_BPF, CAP_PERFMON
//   kernel.shared()                           // what workers and the control thread use
//   { auto names = kernel.pin(); hooks.install(plan); }      // rules find programs by name, only meanwhile
//
// One program of each kind per device class (engine/passage.h), all on the same memory. Rules that were
// installed keep their programs, and those keep the memory, also when this process is gone: then the kernel
// goes on passing what is there, until it idles.
// Needs Linux 5.12, x86-64, membarrier(2) and a BPF file system that this user may write to: at /sys/fs/bpf,
// or, as a service, at $RUNTIME_DIRECTORY/bpf. Throws std::runtime_error with one line that says what is
// missing. shared() is used as fast_path.h says; the rest belongs to the control thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fast_path/fast_path.h"
#include "flow/flow_table.h"
#include "runtime/device_classes.h"

struct fast_path_bpf;  // the generated skeleton

namespace vpcwall {

// Powers of two; a place for a flow takes 196 bytes of the kernel's memory, one for a refusal 132.
struct FastPathSizes {
  std::uint32_t flows = 131'072;
  std::uint32_t refusals = 8'192;
  std::uint32_t presence_cells = 4'194'304;
};

class KernelFastPath {
 public:
  KernelFastPath(const FastPathSizes& sizes, std::size_t device_classes);
  ~KernelFastPath();
  KernelFastPath(const KernelFastPath&) = delete;
  KernelFastPath& operator=(const KernelFastPath&) = delete;

  [[nodiscard]] FastPath& shared() noexcept { return *shared_; }
  [[nodiscard]] const FastPath& shared() const noexcept { return *shared_; }
  [[nodiscard]] DeviceClasses& device_classes() noexcept { return device_classes_; }

  // Names that vanish with it.
  class Pins {
   public:
    explicit Pins(std::filesystem::path folder) : folder_(std::move(folder)) {}
    ~Pins();
    Pins(const Pins&) = delete;
    Pins& operator=(const Pins&) = delete;

   private:
    std::filesystem::path folder_;
  };
  // The programs as folder()/pass-CLASS and folder()/refuse-CLASS.
  [[nodiscard]] std::unique_ptr<Pins> pin() const;
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  // What a process before was passing on when it ended, by the memory that it left: leave_for_successor().
  struct LeftBehind {
    std::vector<Flow> flows, ended;
  };
  [[nodiscard]] LeftBehind flows_left_behind(const CompiledPolicy& policy, TimePoint now) const;
  // Gives the memory of the flows a name, so that the next process finds it, however this one ends. Where
  // there is no place for a name, the next one begins without.
  void leave_for_successor() noexcept;
  void leave_nothing() noexcept;

  // For tests: the descriptor of the program of that class.
  [[nodiscard]] int pass_program(DeviceClass device_class) const;
  [[nodiscard]] int refuse_program(DeviceClass device_class) const;

 private:
  struct Destroy {
    void operator()(fast_path_bpf* skeleton) const noexcept;
  };
  using Skeleton = std::unique_ptr<fast_path_bpf, Destroy>;
  struct Mapping {
    void* address = nullptr;
    std::size_t bytes = 0;
  };

  [[nodiscard]] Skeleton load(const FastPathSizes& sizes, DeviceClass device_class) const;
  template <class T>
  [[nodiscard]] std::span<T> map(int descriptor, std::size_t count);
  void wait_for_grace_periods() noexcept;

  DeviceClasses device_classes_;
  std::filesystem::path folder_;
  std::filesystem::path memory_name_;  // of the flows, for the next process
  FastPathMemory memory_;
  std::vector<Skeleton> skeletons_;  // by device class; the first one owns the maps
  std::vector<Mapping> mappings_;
  std::unique_ptr<FastPath> shared_;
  std::jthread grace_;
};

}  // namespace vpcwall
