using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Amalgam.Runtime.Tokenizing;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Runtime.Tokenizing;

/// <summary>
/// The same tokens as llama.cpp: always against recorded results, and against the library itself when AMALGAM_NODE_LLAMA_CPP names a folder in which
/// <c>npm install node-llama-cpp@3.22.1</c> was run. AMALGAM_RECORD=1 writes the record anew.
/// </summary>
public sealed class LlamaCppTokenTests(ITestOutputHelper output)
{
    private static readonly string[] Texts =
    [
        "hello", " hello world", "Hello, the world's end!", "don't DON'T we'll I'M they've you'RE", "123", "12345678 9", "a1b2c3", "  two", "    four", "tabs\t\tand\n\nlines\n", "trailing   ",
        "\n", "\r\n\r\n x", " \n \n x", "x \n", "   \n\n   abc", "== != ... !!! $+<=>^~|", "abc abcabc ab bc", "日本語 日本", "héllo ñandú smørbrød", "😀😀 ok", "𝐀𝐁 bold letters", "𐌰𐌱 gothic ١٢٣ arabic ²³½ numbers",
        "é combining e\u0301", "non\u00a0breaking\u2003space\u3000wide", "zero\u200bwidth \u2028 line", "<|eot_id|>", "a<|eot_id|>b<think>c</think>", "<|begin|>hello<|im_end|>\n", "<s>hi</s> <custom> x", "<0x41> <unk>", "\u0000\u0001\u007f",
        "def f(x):\n    return x == 123  # ing", "'", "''s", "'S 'ſ", " '", "ing tion", "\u0085next", "a\u200db", "the the  the   the", "…", "\ufeffbom", "ab\u00adc", "100% $5.00", "x_y __init__", "क्षि हिन्दी", "한국어 텍스트", "Ⅷ ⑧ ௧",
    ];

    public static TheoryData<string> Kinds => [.. SampleVocabularies.Kinds];

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Tokens_are_those_that_llama_cpp_gave(string kind)
    {
        var tokenizer = Read(kind);
        var records = Records(Path.Combine(Here(), "llama-cpp-tokens.json")).Where(record => record.Kind == kind).ToList();
        Assert.NotEmpty(records);
        Assert.All(records, record => Assert.Equal(record.Tokens, tokenizer.Encode(record.Text, addSpecial: false, record.Control)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_text_survives_the_way_to_tokens_and_back(string kind)
    {
        var tokenizer = Read(kind);
        Assert.All(Texts, text =>
        {
            var bytes = tokenizer.Encode(text, addSpecial: false, parseSpecial: false).SelectMany(token => tokenizer.PieceWithControl(token).ToArray()).ToArray();
            var back = System.Text.Encoding.UTF8.GetString(bytes);

            // SentencePiece puts a blank before each stretch of text.
            Assert.Equal(text, kind == "sentencepiece" ? back[1..].Replace("<custom>  x", "<custom> x", StringComparison.Ordinal) : back);
        });
    }

    [Fact]
    public void Tokens_are_those_that_llama_cpp_gives_now()
    {
        var module = Environment.GetEnvironmentVariable("AMALGAM_NODE_LLAMA_CPP");
        if (string.IsNullOrEmpty(module))
        {
            output.WriteLine("SKIPPED: AMALGAM_NODE_LLAMA_CPP names no folder with node-llama-cpp; only the recorded results were compared.");
            return;
        }

        var folder = Directory.CreateTempSubdirectory("amalgam-tokens-").FullName;
        var record = Path.Combine(folder, "out.json");
        RunLlamaCpp(module, folder, record);
        if (Environment.GetEnvironmentVariable("AMALGAM_RECORD") == "1")
        {
            File.Copy(record, Path.Combine(Here(), "llama-cpp-tokens.json"), overwrite: true);
        }

        var readers = SampleVocabularies.Kinds.ToDictionary(kind => kind, Read);
        Assert.All(Records(record), one => Assert.Equal(one.Tokens, readers[one.Kind].Encode(one.Text, addSpecial: false, one.Control)));
        Directory.Delete(folder, recursive: true);
    }

    private static void RunLlamaCpp(string module, string folder, string record)
    {
        File.WriteAllText(Path.Combine(folder, "texts.json"), JsonSerializer.Serialize(Texts));
        var arguments = new List<string> { Path.Combine(Here(), "llama-cpp-tokens.mjs"), module, Path.Combine(folder, "texts.json"), record };
        foreach (var kind in SampleVocabularies.Kinds)
        {
            var file = Path.Combine(folder, kind + ".gguf");
            GgufWriter.Write(file, SampleVocabularies.Metadata(kind), []);
            arguments.Add($"{kind}={file}");
        }

        using var node = Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardError = true })!;
        var errors = node.StandardError.ReadToEnd();
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, errors);
    }

    private static Tokenizer Read(string kind)
    {
        using var file = TemporaryGguf.Open(SampleVocabularies.Metadata(kind));
        return Tokenizer.Read(file.Metadata);
    }

    private static TokenRecord[] Records(string path) =>
        JsonSerializer.Deserialize<TokenRecord[]>(File.ReadAllText(path), JsonSerializerOptions.Web) ?? [];

    private sealed record TokenRecord(string Kind, string Text, bool Control, int[] Tokens);
}
