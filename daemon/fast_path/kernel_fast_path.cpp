#include "daemon/fast_path/kernel_fast_path.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fast_path.skel.h>  // generated
#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include "daemon/file_descriptor.h"
#include "engine/recovered_flows.h"

namespace vpcwall {
namespace {

constexpr long bpf_file_system_magic = 0xcafe4a11;

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::runtime_error(what + ": " + std::strerror(error));
}

// The library prints to stderr by default; what matters of it comes back as an error.
int keep_quiet(libbpf_print_level /*level*/, const char* /*format*/, std::va_list /*arguments*/) { return 0; }

long membarrier(int command) noexcept { return ::syscall(SYS_membarrier, command, 0, 0); }

void require_kernel() {
#ifndef __x86_64__
  throw std::runtime_error("the fast path relies on the memory order of x86-64");
#endif
  const long commands = membarrier(MEMBARRIER_CMD_QUERY);
  if (commands < 0 || (commands & MEMBARRIER_CMD_GLOBAL) == 0)
    throw std::runtime_error("this kernel has no membarrier(2), which tells when it has let go of a record");
}

bool is_bpf_file_system(const std::filesystem::path& place) noexcept {
  struct statfs status {};
  return ::statfs(place.c_str(), &status) == 0 && status.f_type == bpf_file_system_magic;
}

// Where programs get names. Only root may enter the usual place; a service finds a piece of it in its own
// directory, if its unit has put it there.
std::filesystem::path place_for_names() {
  std::vector<std::filesystem::path> places{"/sys/fs/bpf"};
  const char* const own = std::getenv("RUNTIME_DIRECTORY");  // NOLINT: nobody changes the environment
  if (own != nullptr) places.push_back(std::filesystem::path(own) / "bpf");
  std::erase_if(places, [](const auto& place) { return !is_bpf_file_system(place); });
  if (places.empty())
    throw std::runtime_error("there is no BPF file system at /sys/fs/bpf; mount -t bpf bpf /sys/fs/bpf");
  for (const auto& place : places)
    if (::access(place.c_str(), W_OK | X_OK) == 0) return place;
  throw std::runtime_error("this user may not write to " + places.back().string() +
                           ", where rules find the programs by name");
}

// Names of programs are shared by all network namespaces of the host; there is one daemon in each.
std::uint64_t network_namespace() {
  struct stat status {};
  if (::stat("/proc/thread-self/ns/net", &status) != 0) fail("cannot tell the network namespace", errno);
  return status.st_ino;
}

// Numbers of namespaces are used again, this one never until the next boot.
std::uint64_t network_namespace_cookie() {
  const FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) != 0) return 0;
  return cookie;
}

std::string flows_name(const std::filesystem::path& folder) { return folder.string() + "-flows-"; }

bool is_power_of_two(std::uint32_t number) noexcept { return number != 0 && (number & (number - 1)) == 0; }

}  // namespace

void KernelFastPath::Destroy::operator()(fast_path_bpf* skeleton) const noexcept {
  fast_path_bpf__destroy(skeleton);
}

KernelFastPath::KernelFastPath(const FastPathSizes& sizes, std::size_t device_classes)
    : device_classes_(device_classes),
      folder_(place_for_names() / ("vpcwall-" + std::to_string(network_namespace()))),
      memory_name_(flows_name(folder_) + std::to_string(network_namespace_cookie())) {
  require_kernel();
  if (!is_power_of_two(sizes.flows) || !is_power_of_two(sizes.refusals) ||
      !is_power_of_two(sizes.presence_cells) || std::min(sizes.flows, sizes.refusals) < fast_path::ways ||
      sizes.presence_cells < fast_path::presence_chunk_size)
    throw std::runtime_error("the sizes of the fast path must be powers of two");
  if (::getrandom(memory_.hash_key.data(), sizeof memory_.hash_key, 0) !=
      static_cast<ssize_t>(sizeof memory_.hash_key))
    fail("getrandom", errno);
  libbpf_set_print(keep_quiet);

  const std::size_t classes = std::min(device_classes, DeviceClasses::most) + 1;
  for (std::size_t i = 0; i < classes; ++i) skeletons_.push_back(load(sizes, static_cast<DeviceClass>(i)));
  const auto& maps = skeletons_.front()->maps;
  memory_.control = map<fast_path::control>(bpf_map__fd(maps.controls), 1).data();
  memory_.flow_buckets =
      map<fast_path::bucket>(bpf_map__fd(maps.flow_buckets), sizes.flows / fast_path::ways);
  memory_.flows = map<fast_path::flow_record>(bpf_map__fd(maps.flows), sizes.flows);
  memory_.refusal_buckets =
      map<fast_path::bucket>(bpf_map__fd(maps.refusal_buckets), sizes.refusals / fast_path::ways);
  memory_.refusals = map<fast_path::refusal_record>(bpf_map__fd(maps.refusals), sizes.refusals);
  memory_.presence = map<std::uint8_t>(bpf_map__fd(maps.presence), sizes.presence_cells);
  shared_ = std::make_unique<FastPath>(memory_);
  grace_ = std::jthread([this] { wait_for_grace_periods(); });
}

KernelFastPath::~KernelFastPath() {
  if (shared_) shared_->grace_periods().stop();
  if (grace_.joinable()) grace_.join();
  for (const Mapping& mapping : mappings_) ::munmap(mapping.address, mapping.bytes);
}

KernelFastPath::Skeleton KernelFastPath::load(const FastPathSizes& sizes, DeviceClass device_class) const {
  Skeleton skeleton(fast_path_bpf__open());
  if (!skeleton) fail("cannot open the fast path's programs", errno);
  auto& maps = skeleton->maps;
  const std::pair<bpf_map*, std::uint32_t> wanted[] = {
      {maps.controls, 1},
      {maps.flow_buckets, sizes.flows / fast_path::ways},
      {maps.flows, sizes.flows},
      {maps.refusal_buckets, sizes.refusals / fast_path::ways},
      {maps.refusals, sizes.refusals},
      {maps.presence, sizes.presence_cells / fast_path::presence_chunk_size}};
  for (const auto& [one, entries] : wanted) {
    int error = bpf_map__set_max_entries(one, entries);
    if (error == 0 && !skeletons_.empty()) {
      const bpf_map* owned = bpf_object__find_map_by_name(skeletons_.front()->obj, bpf_map__name(one));
      error = bpf_map__reuse_fd(one, bpf_map__fd(owned));
    }
    if (error != 0) fail("cannot lay out the fast path's memory", -error);
  }
  skeleton->rodata->flow_bucket_mask = sizes.flows / fast_path::ways - 1;
  skeleton->rodata->refusal_bucket_mask = sizes.refusals / fast_path::ways - 1;
  skeleton->rodata->presence_mask = sizes.presence_cells - 1;
  std::copy(memory_.hash_key.begin(), memory_.hash_key.end(), skeleton->rodata->hash_key);
  skeleton->rodata->out_class = device_class;
  if (const int error = fast_path_bpf__load(skeleton.get()); error != 0) {
    // Without the first the kernel loads nothing; without the second it suspects every sum of a pointer.
    if (error == -EPERM || error == -EACCES)
      fail("loading the fast path's programs needs CAP_BPF and CAP_PERFMON", -error);
    fail("this kernel does not take the fast path's programs", -error);
  }
  return skeleton;
}

template <class T>
std::span<T> KernelFastPath::map(int descriptor, std::size_t count) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t bytes = (count * sizeof(T) + page - 1) / page * page;
  void* const address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (address == MAP_FAILED) fail("cannot map the fast path's memory", errno);
  mappings_.push_back({address, bytes});
  return {static_cast<T*>(address), count};
}

// The kernel's programs run between rcu_read_lock() and rcu_read_unlock(), and this command waits for an RCU
// grace period: all that were running when it began have ended.
void KernelFastPath::wait_for_grace_periods() noexcept {
  GracePeriods& periods = shared_->grace_periods();
  for (;;) {
    periods.await_request();
    if (periods.stopped()) return;
    periods.begin();
    if (membarrier(MEMBARRIER_CMD_GLOBAL) == 0) periods.end();
  }
}

int KernelFastPath::pass_program(DeviceClass device_class) const {
  return bpf_program__fd(skeletons_.at(device_class)->progs.pass_packet);
}
int KernelFastPath::refuse_program(DeviceClass device_class) const {
  return bpf_program__fd(skeletons_.at(device_class)->progs.refuse_packet);
}

std::unique_ptr<KernelFastPath::Pins> KernelFastPath::pin() const {
  std::filesystem::remove_all(folder_);  // of a process that was killed at this very moment
  std::filesystem::create_directory(folder_);
  auto pins = std::make_unique<Pins>(folder_);
  for (std::size_t i = 0; i < skeletons_.size(); ++i) {
    const auto& programs = skeletons_[i]->progs;
    for (const auto& [program, name] :
         {std::pair(programs.pass_packet, "pass-"), std::pair(programs.refuse_packet, "refuse-")}) {
      const std::string path = folder_ / (name + std::to_string(i));
      if (const int error = bpf_program__pin(program, path.c_str()); error != 0)
        fail("cannot pin the fast path's programs at " + path, -error);
    }
  }
  return pins;
}

KernelFastPath::Pins::~Pins() {
  std::error_code ignored;  // what is left is removed by the next one
  std::filesystem::remove_all(folder_, ignored);
}

KernelFastPath::LeftBehind KernelFastPath::flows_left_behind(const CompiledPolicy& policy,
                                                             TimePoint now) const {
  const FileDescriptor memory(bpf_obj_get(memory_name_.c_str()));
  bpf_map_info info{};
  std::uint32_t info_size = sizeof info;
  if (!memory || bpf_obj_get_info_by_fd(memory.get(), &info, &info_size) != 0) return {};
  if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != sizeof(fast_path::flow_record)) return {};
  const std::size_t bytes = std::size_t{info.max_entries} * sizeof(fast_path::flow_record);
  void* const address = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, memory.get(), 0);
  if (address == MAP_FAILED) return {};
  const auto* records = static_cast<const fast_path::flow_record*>(address);
  LeftBehind left{recovered_flows({records, info.max_entries}, policy, now),
                  flows_that_ended({records, info.max_entries}, policy, now)};
  ::munmap(address, bytes);
  return left;
}

void KernelFastPath::leave_for_successor() noexcept {
  leave_nothing();
  (void)bpf_map__pin(skeletons_.front()->maps.flows, memory_name_.c_str());
}

// Also what a process of a namespace left that had our number before and is gone: nobody else will.
void KernelFastPath::leave_nothing() noexcept {
  const std::string ours = flows_name(folder_);
  std::error_code ignored;  // what cannot be removed only takes up memory
  std::vector<std::filesystem::path> left;
  for (std::filesystem::directory_iterator entry(folder_.parent_path(), ignored), end; entry != end;
       entry.increment(ignored))
    if (entry->path().string().starts_with(ours)) left.push_back(entry->path());
  for (const std::filesystem::path& memory : left) std::filesystem::remove(memory, ignored);
}

}  // namespace vpcwall
