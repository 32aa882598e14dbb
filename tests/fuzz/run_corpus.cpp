// Replays a corpus through a fuzzer's entry point without a fuzzing compiler: what a fuzzer found once stays
// found.
//
//   packet_fuzz FILE-OR-FOLDER…
//
// Exit status 0 when every input came back, 2 when there was nothing to replay. A finding ends the program
// where it arises: run under the sanitizers of the debug preset.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

void replay(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  // An exact copy on the heap: a read beyond the input's end is one that AddressSanitizer sees.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  std::cout << path.string() << '\n' << std::flush;  // the last line names the culprit
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

std::size_t replay_all(const fs::path& path) {
  if (!fs::is_directory(path)) {
    replay(path);
    return 1;
  }
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) count += replay_all(entry.path());
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::size_t count = 0;
    for (const char* path : std::span(argv, static_cast<std::size_t>(argc)).subspan(1))
      count += replay_all(path);
    std::cout << count << " inputs replayed\n";
    return count > 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::cerr << "run_corpus: " << error.what() << '\n';
    return 2;
  }
}
