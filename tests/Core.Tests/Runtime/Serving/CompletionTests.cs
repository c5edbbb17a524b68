using System.Buffers.Binary;
using System.Net;
using System.Text.Json;
using Xunit;

namespace Core.Tests.Runtime.Serving;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("\"w\"", "xyz")]
    [InlineData("[118]", "wxyz")]
    public async Task A_text_or_a_list_of_tokens_is_continued(string prompt, string expected)
    {
        await using var server = await TestServer.StartAsync();
        var (status, body) = await server.AskAsync("/v1/completions", $$"""{"model":"alphabet","prompt":{{prompt}}}""");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("text_completion", body.GetProperty("object").GetString());
        Assert.Equal(expected, body.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task Sixteen_tokens_are_the_default()
    {
        await using var server = await TestServer.StartAsync();
        var (_, body) = await server.AskAsync("/v1/completions", """{"model":"alphabet","prompt":"a"}""");
        Assert.Equal("bcdefghijklmnopq", body.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData(false, "yz", "stop")]
    [InlineData(true, "yz", "length")]
    public async Task An_answer_goes_on_to_its_last_token_when_its_end_is_to_be_ignored(bool ignored, string beginning, string finish)
    {
        await using var server = await TestServer.StartAsync();
        var (_, body) = await server.AskAsync("/v1/completions", $$"""{"model":"alphabet","prompt":"x","max_tokens":9,"ignore_eos":{{(ignored ? "true" : "false")}}}""");
        Assert.StartsWith(beginning, body.GetProperty("choices")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(finish, body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(ignored ? 9 : 3, body.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Several_prompts_with_echo_give_one_choice_each()
    {
        await using var server = await TestServer.StartAsync();
        var (_, body) = await server.AskAsync("/v1/completions", """{"model":"alphabet","prompt":["a","k"],"max_tokens":2,"echo":true}""");
        Assert.Equal(["abc", "klm"], body.GetProperty("choices").EnumerateArray().Select(choice => choice.GetProperty("text").GetString()));
        Assert.Equal(2, body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Log_probabilities_have_the_old_shape()
    {
        await using var server = await TestServer.StartAsync();
        var (_, body) = await server.AskAsync("/v1/completions", """{"model":"alphabet","prompt":"a","max_tokens":2,"logprobs":1}""");
        var logprobs = body.GetProperty("choices")[0].GetProperty("logprobs");
        Assert.Equal(["b", "c"], logprobs.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
        Assert.Equal([0, 1], logprobs.GetProperty("text_offset").EnumerateArray().Select(offset => offset.GetInt32()));
        Assert.True(logprobs.GetProperty("top_logprobs")[0].TryGetProperty("b", out _));
    }

    [Theory]
    [InlineData("\"w\",5")]
    [InlineData("[5,\"w\"]")]
    [InlineData("[259]")]
    [InlineData("[-1]")]
    [InlineData("[]")]
    [InlineData("\"\"")]
    public async Task A_wrong_prompt_is_refused(string prompt)
    {
        await using var server = await TestServer.StartAsync();
        using var response = await server.PostAsync("/v1/completions", $$"""{"model":"alphabet","prompt":{{prompt}}}""");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Embeddings_are_unit_vectors_as_numbers_or_base64()
    {
        await using var server = await TestServer.StartAsync();
        var (_, plain) = await server.AskAsync("/v1/embeddings", """{"model":"alphabet","input":["ab","c"]}""");
        var (_, packed) = await server.AskAsync("/v1/embeddings", """{"model":"alphabet","input":[97,98],"encoding_format":"base64"}""");
        float[] first = [.. plain.GetProperty("data")[0].GetProperty("embedding").EnumerateArray().Select(number => number.GetSingle())];
        var bytes = packed.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        float[] unpacked = [.. Enumerable.Range(0, bytes.Length / 4).Select(i => BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(i * 4)))];

        // The simulated model's hidden values are (token, 1, 0, 0), so the mean of "ab" is (97.5, 1, 0, 0).
        var length = Math.Sqrt((97.5 * 97.5) + 1);
        Assert.Equal(97.5 / length, first[0], 1e-6);
        Assert.Equal(1 / length, first[1], 1e-6);
        Assert.Equal(first, unpacked);
        Assert.Equal(2, plain.GetProperty("data").GetArrayLength());
        Assert.Equal(3, plain.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task More_embeddings_than_slots_are_all_computed()
    {
        await using var server = await TestServer.StartAsync();
        var inputs = string.Join(',', Enumerable.Range(0, 50).Select(i => $"\"text {i}\""));
        var (_, body) = await server.AskAsync("/v1/embeddings", $$"""{"model":"alphabet","input":[{{inputs}}]}""");
        Assert.Equal(Enumerable.Range(0, 50), body.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("index").GetInt32()));
    }

    [Fact]
    public async Task Metrics_and_stats_say_what_was_done()
    {
        await using var server = await TestServer.StartAsync();
        await server.AskAsync("/v1/completions", """{"model":"alphabet","prompt":"w"}""");
        var metrics = await server.Client.GetStringAsync("/metrics");
        var stats = JsonDocument.Parse(await server.Client.GetStringAsync("/stats")).RootElement;
        Assert.Contains("amalgam_runtime_output_tokens_total 4\n", metrics, StringComparison.Ordinal);
        Assert.Contains("amalgam_runtime_requests_total{outcome=\"ok\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Equal(4, stats.GetProperty("outputTokens").GetInt64());
        Assert.True(stats.GetProperty("residentMiB").GetInt64() > 0);
    }
}
