using System.Net;
using System.Text;
using Xunit;

namespace Core.Tests.Runtime.Serving;

/// <summary>Bad requests get one clear line in OpenAI's envelope, and disturb nobody.</summary>
public sealed class RefusalTests
{
    private const string Chat = "/v1/chat/completions";

    [Theory]
    [InlineData("temperature", "\"hot\"")]
    [InlineData("temperature", "-0.1")]
    [InlineData("temperature", "1e999")]
    [InlineData("temperature", "2.5")]
    [InlineData("top_p", "1.1")]
    [InlineData("top_k", "1.5")]
    [InlineData("min_p", "-1")]
    [InlineData("presence_penalty", "3")]
    [InlineData("frequency_penalty", "[]")]
    [InlineData("repetition_penalty", "0")]
    [InlineData("max_tokens", "0")]
    [InlineData("max_tokens", "-5")]
    [InlineData("n", "5")]
    [InlineData("n", "0")]
    [InlineData("seed", "1.5")]
    [InlineData("stop", "[\"\"]")]
    [InlineData("stop", "7")]
    [InlineData("logit_bias", "{\"999999\":1}")]
    [InlineData("logit_bias", "{\"5\":101}")]
    [InlineData("logit_bias", "[1]")]
    [InlineData("top_logprobs", "3")]
    [InlineData("stream", "\"yes\"")]
    [InlineData("stream_options", "{\"include_usage\":true}")]
    [InlineData("response_format", "{\"type\":\"json_object\"}")]
    [InlineData("tools", "[{\"type\":\"function\"}]")]
    public async Task A_wrong_field_is_named(string field, string value)
    {
        await using var server = await TestServer.StartAsync();
        var (status, body) = await server.AskAsync(Chat, $$"""{"model":"alphabet","messages":[{"role":"user","content":"hi"}],"{{field}}":{{value}}}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        var error = body.GetProperty("error");
        Assert.Equal(field, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.DoesNotContain('\n', error.GetProperty("message").GetString()!);
    }

    [Theory]
    [InlineData("{\"model\":\"alphabet\",")]
    [InlineData("{\"model\":\"alphabet\",\"messages\":[],\"temperature\":NaN}")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("{\"model\":\"alphabet\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud83d\"}]}")]
    public async Task Malformed_json_is_said_to_be_that(string json)
    {
        await using var server = await TestServer.StartAsync();
        var (status, body) = await server.AskAsync(Chat, json);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("invalid_json", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("[]", "messages")]
    [InlineData("\"hi\"", "messages")]
    [InlineData("[3]", "messages[0]")]
    [InlineData("[{\"role\":\"boss\",\"content\":\"x\"}]", "messages[0].role")]
    [InlineData("[{\"role\":\"user\",\"content\":5}]", "messages[0].content")]
    public async Task Wrong_messages_are_pointed_at(string messages, string param)
    {
        await using var server = await TestServer.StartAsync();
        var (status, body) = await server.AskAsync(Chat, $$"""{"model":"alphabet","messages":{{messages}}}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(param, body.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task An_unknown_model_is_not_found()
    {
        await using var server = await TestServer.StartAsync();
        var (status, body) = await server.AskAsync(Chat, """{"model":"other","messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("model_not_found", body.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_prompt_beyond_the_context_is_refused_with_both_numbers()
    {
        await using var server = await TestServer.StartAsync();
        var (status, body) = await server.AskAsync("/v1/completions", $$"""{"model":"alphabet","prompt":"{{new string('x', 300)}}"}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        var error = body.GetProperty("error");
        Assert.Equal("context_length_exceeded", error.GetProperty("code").GetString());
        Assert.Contains("256", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("300", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_too_large()
    {
        await using var server = await TestServer.StartAsync();
        using var content = new ByteArrayContent(new byte[(32 << 20) + 1]);
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat) { Content = content };
        request.Headers.ExpectContinue = true; // so that the answer comes before the body is sent
        using var response = await server.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains("request_too_large", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_paths_and_methods_get_the_envelope_too()
    {
        await using var server = await TestServer.StartAsync();
        using var nowhere = await server.Client.GetAsync("/v1/nowhere");
        using var wrongMethod = await server.Client.GetAsync(Chat);
        Assert.Equal(HttpStatusCode.NotFound, nowhere.StatusCode);
        Assert.Contains("\"error\"", await nowhere.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("\"error\"", await wrongMethod.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_it_loads_and_while_it_stops_the_answer_is_503()
    {
        await using var server = await TestServer.StartAsync(ready: false);
        using var loading = await server.Client.GetAsync("/health");
        var (status, body) = await server.AskAsync(Chat, """{"model":"alphabet","messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (loading.StatusCode, status));
        Assert.Equal("loading", body.GetProperty("error").GetProperty("code").GetString());
        server.Server.Ready(server.Loaded);
        Assert.Equal("{\"status\":\"ready\"}", await server.Client.GetStringAsync("/health"));
        server.Server.Drain();
        var (stopping, refusal) = await server.AskAsync(Chat, """{"model":"alphabet","messages":[{"role":"user","content":"hi"}]}""");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, stopping);
        Assert.Equal("stopping", refusal.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task With_a_key_only_those_who_bring_it_are_answered()
    {
        await using var server = await TestServer.StartAsync(key: "secret");
        using var without = await server.Client.GetAsync("/v1/models");
        using var health = await server.Client.GetAsync("/health");
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secreT");
        using var wrong = await server.Client.GetAsync("/v1/models");
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", "secret");
        using var right = await server.Client.GetAsync("/v1/models");
        Assert.Equal(
            (HttpStatusCode.Unauthorized, HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.OK),
            (without.StatusCode, health.StatusCode, wrong.StatusCode, right.StatusCode));
    }
}
