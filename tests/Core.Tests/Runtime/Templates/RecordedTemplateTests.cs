using System.Runtime.CompilerServices;
using System.Text.Json;
using Amalgam.Runtime.Templates;
using Xunit;

namespace Core.Tests.Runtime.Templates;

/// <summary>Templates of many model families, and every construct, against what Jinja2 made of them (record.py).</summary>
public sealed class RecordedTemplateTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 5, 14, 7, 9, TimeSpan.Zero);
    private static readonly JsonElement Recorded = JsonDocument.Parse(File.ReadAllText(Path.Combine(Here(), "recorded.json"))).RootElement;

    public static TheoryData<string> Names => [.. Recorded.GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("name").GetString()!)];

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [Theory]
    [MemberData(nameof(Names))]
    public void The_result_is_that_of_jinja(string name)
    {
        var one = Recorded.GetProperty("cases").EnumerateArray().Single(candidate => candidate.GetProperty("name").GetString() == name);
        if (one.TryGetProperty("expected", out var expected))
        {
            Assert.Equal(expected.GetString(), Render(one));
        }
        else
        {
            var error = Assert.Throws<TemplateException>(() => Render(one));
            Assert.DoesNotContain('\n', error.Message);
        }
    }

    private static string Render(JsonElement one)
    {
        var source = one.GetProperty("template");
        var values = one.GetProperty("values");
        var text = source.ValueKind == JsonValueKind.Number ? Recorded.GetProperty("templates")[source.GetInt32()] : source;
        return ChatTemplate.Parse(text.GetString()!, values.GetProperty("bos_token").GetString()!, values.GetProperty("eos_token").GetString()!)
            .Render(values.GetProperty("messages"), values, Now, values.GetProperty("add_generation_prompt").GetBoolean());
    }
}
