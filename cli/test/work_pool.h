// Independent pieces of work on several threads: the only threads of the command.
#pragma once

#include <cstddef>
#include <functional>

namespace vpcwall {

// Calls work(0) to work(count - 1), each once, `jobs` at a time at most, and returns when all are done. What
// the first failing call throws is thrown here, and what had not begun by then is left out.
void run_all(std::size_t count, std::size_t jobs, const std::function<void(std::size_t)>& work);

// As many as there are CPUs.
[[nodiscard]] std::size_t default_jobs() noexcept;

}  // namespace vpcwall
