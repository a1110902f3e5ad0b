// Bytes are operations, done to the index and to its model, which have to agree.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/index_fixture.h"

namespace xref::fuzz {
namespace {

// One of some ten thousand IDs of 1 to 255 bytes, mostly short ones: few enough to meet again.
std::string TakeId(FuzzBytes& input) {
  const uint8_t kind = input.Next();
  const uint8_t number = input.Next();
  const size_t size = kind < 200 ? 1 + kind % 20 : 1 + size_t{number} * 254 / 255;
  std::string id(size, static_cast<char>('a' + kind % 26));
  id[0] = static_cast<char>('!' + number % 90);
  return id;
}

}  // namespace

void RunIndex(std::string_view bytes) {
  FuzzBytes input(bytes);
  ModelledIndex index(input.Next());
  std::vector<std::string> touched = {"a"};
  const auto id = [&] { return touched.emplace_back(TakeId(input)); };
  while (!input.empty() && !testing::Test::HasFatalFailure()) {
    switch (input.Next() % 8) {
      case 0: {
        // Many at once, so that a few bytes make segments grow and split.
        std::vector<std::pair<std::string, std::string>> references;
        const std::string prefix = id();
        const uint32_t count = input.Next() * 2u;
        const bool same_target = input.Next() % 4 == 0;
        for (uint32_t i = 0; i < count && prefix.size() < 200; ++i) {
          const std::string source = Numbered(prefix, i);
          references.emplace_back(source, same_target ? prefix : source);
        }
        index.AddBatch(references);
        break;
      }
      case 1: {
        const std::string source = id();
        index.Add(source, id());
        break;
      }
      case 2: {
        const std::string source = id();
        index.Put(source, id());
        break;
      }
      case 3: {
        const std::string source = id();
        const std::string expected = index.model().TargetOf(source);
        index.Edit(source, input.Next() % 2 == 0 ? expected : id(), id());
        break;
      }
      case 4:
        index.Edit(id(), std::nullopt, id());
        break;
      case 5:
        index.Erase(id());
        break;
      case 6: {
        // A stretch of what there is, so that holes appear.
        std::vector<std::string> sources;
        const uint32_t count = input.Next() * 2u;
        for (auto at = index.model().references().lower_bound(id());
             at != index.model().references().end() && sources.size() < count; ++at) {
          sources.push_back(at->first);
        }
        for (const std::string& source : sources) index.Erase(source);
        break;
      }
      case 7:
        index.ExpectSameAnswers(touched);
        index.ExpectSameSources(touched);
        touched.resize(1);
        break;
    }
  }
  index.ExpectSame();
}

}  // namespace xref::fuzz
