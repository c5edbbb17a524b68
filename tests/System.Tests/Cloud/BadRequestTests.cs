using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>What nobody should ask for: each gets one clear line, and nothing else is disturbed.</summary>
public sealed class BadRequestTests(BadRequestTests.Serving fixture) : IClassFixture<BadRequestTests.Serving>
{
    private readonly RunningCloud _cloud = fixture.Cloud;

    public static TheoryData<string, string[]> Refused => new()
    {
        { "there is no model file", ["serve", "/no/such/model.gguf"] },
        { "there is no model 'frobnicate'", ["serve", "frobnicate"] },
        { "is a folder", ["serve", "/tmp/"] },
        { "served already", ["serve", "demo"] },
        { "too long", ["serve", "demo", "--name", "large", "--context", "2000000000"] },
        { "context", ["serve", "demo", "--name", "small", "--context", "-5"] },
        { "between 1 and 256", ["serve", "demo", "--name", "slots", "--slots", "0"] },
        { "between 1 and 256", ["serve", "demo", "--name", "slots", "--slots", "-1"] },
        { "replicas must be", ["serve", "demo", "--name", "none", "--replicas", "0"] },
        { "replicas must be", ["serve", "demo", "--name", "turned", "--replicas", "3..2"] },
        { "replicas must be", ["serve", "demo", "--name", "many", "--replicas", "1..2000000000"] },
        { "there is no unit 'nowhere'", ["serve", "demo", "--name", "x", "--unit", "nowhere"] },
        { "there is no unit 'nowhere'", ["run", "--unit", "nowhere", "--", "true"] },
        { "no chip class 'abacus'", ["run", "--chips", "abacus", "--", "true"] },
        { "is no name", ["serve", "demo", "--name", "tab\there"] },
        { "is no name", ["run", "--name", "line\nbreak", "--", "true"] },
        { "is no name", ["unit", "add", "bell\a"] },
        { "is no name", ["unit", "add", "../../etc"] },
        { "is no name", ["unit", "add", ""] },
        { "is no name", ["serve", "demo", "--name", "ünïcode"] },
        { "above 0", ["run", "--devices", "0", "--", "true"] },
        { "above 0", ["run", "--devices", "-1", "--", "true"] },
        { "three decimals", ["run", "--devices", "0.0001", "--", "true"] },
        { "below 1 of one device, or a whole number", ["run", "--devices", "1.5", "--", "true"] },
        { "more than any cloud has", ["run", "--devices", "99999999", "--", "true"] },
        { "between 1 and 10000", ["run", "--members", "0", "--", "true"] },
        { "between 1 and 10000", ["run", "--members", "1000000", "--", "true"] },
        { "between -1000 and 1000", ["run", "--priority", "5000", "--", "true"] },
        { "must not be negative", ["run", "--memory-mib", "-1", "--", "true"] },
        { "between 0 and 315360000 seconds", ["run", "--time-limit", "99999999999999999999d", "--", "true"] },
        { "there is no workload 'ghost'", ["stop", "ghost"] },
        { "there is no workload 'ghost'", ["logs", "ghost"] },
        { "there is no workload 'ghost'", ["explain", "ghost"] },
        { "there is no workload 'w999999999999999999999'", ["stop", "w999999999999999999999"] },
        { "there is no unit 'nowhere'", ["unit", "set", "nowhere", "--weight", "1"] },
        { "there is no unit 'nowhere'", ["unit", "remove", "nowhere"] },
        { "there is no key 'k99'", ["key", "revoke", "k99"] },
        { "there is no role 'king'", ["key", "create", "--role", "king"] },
        { "between 0 and 1000000", ["unit", "set", "default", "--weight", "-1"] },
        { "guarantee of cpu", ["unit", "set", "default", "--guarantee", "cpu=-1"] },
        { "chip class 'abacus'", ["unit", "set", "default", "--guarantee", "abacus=1"] },
        { "price", ["price", "set", "cpu", "-1"] },
        { "price", ["price", "set", "cpu", "1.0000000001"] },
        { "price", ["price", "set", "cpu", "NaN"] },
        { "unit", ["bill", "--unit", "nowhere"] },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task It_is_refused_in_one_line_that_says_what_is_wrong(string part, string[] arguments)
    {
        (await _cloud.AmalgamAsync(arguments)).RefusedWith(part);
        await StillWellAsync();
    }

    [Theory]
    [InlineData("run")]
    [InlineData("run", "--devices", "many", "--", "true")]
    [InlineData("run", "--time-limit", "soon", "--", "true")]
    [InlineData("run", "--env", "NOVALUE", "--", "true")]
    [InlineData("serve", "demo", "--replicas", "a..b")]
    [InlineData("serve", "demo", "--replicas", "99999999999999")]
    [InlineData("serve", "demo", "--frobnicate")]
    [InlineData("chat")]
    public async Task Wrong_usage_is_exit_code_2(params string[] arguments)
    {
        var run = await _cloud.AmalgamAsync(arguments);
        run.RefusedWith("amalgam: ", run.ExitCode is 1 ? 2 : run.ExitCode);
    }

    [Theory]
    [InlineData(0, "empty")]
    [InlineData(3, "GG")]
    [InlineData(1000, "cut in the header")]
    [InlineData(500_000, "cut in the weights")]
    [InlineData(-1, "another format")]
    public async Task A_model_file_that_is_broken_is_refused_in_one_line(int length, string what)
    {
        var file = Path.Combine(_cloud.Folder, $"broken-{length + 1}.gguf");
        var whole = await File.ReadAllBytesAsync(Path.Combine(RunningCloud.RepositoryRoot, "models", "demo.gguf"));
        await File.WriteAllBytesAsync(file, length >= 0 ? whole[..length] : Encoding.ASCII.GetBytes(new string('x', 5000)));
        var run = await _cloud.AmalgamAsync("serve", file, "--name", "broken");
        run.RefusedWith(".gguf");
        Assert.NotEmpty(what);
        await StillWellAsync();
    }

    [Fact]
    public async Task A_context_that_needs_more_memory_than_any_chip_has_is_refused_with_the_sum()
    {
        var file = Path.Combine(_cloud.Folder, "far.gguf");
        var bytes = await File.ReadAllBytesAsync(Path.Combine(RunningCloud.RepositoryRoot, "models", "demo.gguf"));
        // The model claims to be trained for 2 000 000 000 tokens: the value after the key's name and its type.
        var at = bytes.AsSpan().IndexOf("llama.context_length"u8) + "llama.context_length".Length + 4;
        BitConverter.TryWriteBytes(bytes.AsSpan(at), 2_000_000_000);
        await File.WriteAllBytesAsync(file, bytes);
        (await _cloud.AmalgamAsync("serve", file, "--name", "far", "--context", "2000000000")).RefusedWith("MiB per device");
        await StillWellAsync();
    }

    [Fact]
    public async Task A_revoked_key_is_refused_everywhere_at_once()
    {
        var made = await _cloud.JsonAsync("key", "create");
        var secret = made.GetProperty("secret").GetString()!;
        Assert.Equal(0, (await _cloud.RunAsync(["ps"], secret, null)).ExitCode);
        await _cloud.MustAsync("key", "revoke", made.GetProperty("key").GetProperty("id").GetString()!);
        (await _cloud.RunAsync(["ps"], secret, null)).RefusedWith("revoked");
        using var client = _cloud.Client(secret);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v1/models")).StatusCode);
    }

    public static TheoryData<int, string, string, string> Envelopes => new()
    {
        { 400, "/v1/chat/completions", "{", "JSON" },
        { 400, "/v1/chat/completions", "[]", "object" },
        { 400, "/v1/chat/completions", """{"model":"demo"}""", "messages" },
        { 400, "/v1/chat/completions", """{"messages":[{"role":"user","content":"hi"}]}""", "model" },
        { 404, "/v1/chat/completions", """{"model":"absent","messages":[{"role":"user","content":"hi"}]}""", "absent" },
        { 400, "/v1/chat/completions", """{"model":"demo","temperature":NaN,"messages":[{"role":"user","content":"hi"}]}""", "JSON" },
        { 400, "/v1/chat/completions", """{"model":"demo","temperature":"NaN","messages":[{"role":"user","content":"hi"}]}""", "temperature" },
        { 400, "/v1/chat/completions", """{"model":"demo","temperature":-1,"messages":[{"role":"user","content":"hi"}]}""", "temperature" },
        { 400, "/v1/chat/completions", """{"model":"demo","max_tokens":-1,"messages":[{"role":"user","content":"hi"}]}""", "max_tokens" },
        { 400, "/v1/completions", """{"model":"demo","max_tokens":1e99,"prompt":"x"}""", "max_tokens" },
        { 400, "/v1/embeddings", """{"model":"demo","input":7}""", "input" },
        { 404, "/v1/frobnicate", "{}", "" },
    };

    [Theory]
    [MemberData(nameof(Envelopes))]
    public async Task The_gateway_answers_in_the_envelope_of_OpenAI(int status, string path, string body, string part)
    {
        using var client = _cloud.Client();
        using var answer = await client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"));
        await EnvelopeAsync(answer, status, part);
        await StillWellAsync();
    }

    [Theory]
    [InlineData("""{"command":null}""")]
    [InlineData("""{"command":["true",null]}""")]
    [InlineData("""{"command":["true"],"environment":{"A":null}}""")]
    [InlineData("""{"command":["true"],"environment":{"A=B":"x"}}""")]
    [InlineData("""{"command":["true"],"devices":NaN}""")]
    [InlineData("""{"command":["true"],"graceSeconds":-1}""")]
    [InlineData("""{"command":["true"],"frobnicate":1}""")]
    [InlineData("""{"command":"true"}""")]
    [InlineData("null")]
    [InlineData("")]
    public async Task The_control_API_refuses_a_wrong_body_in_one_line(string body)
    {
        using var client = _cloud.Client();
        using var answer = await client.PostAsync("/api/v1/jobs", new StringContent(body, Encoding.UTF8, "application/json"));
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{answer.StatusCode}: {text}");
        Assert.NotEmpty(JsonDocument.Parse(text).RootElement.GetProperty("error").GetProperty("message").GetString()!);
        await StillWellAsync();
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_refused_as_such()
    {
        using var client = _cloud.Client();
        var body = JsonSerializer.Serialize(new { model = "demo", messages = new[] { new { role = "user", content = string.Concat(Enumerable.Repeat("word ", 20_000)) } } });
        using var answer = await client.PostAsync("/v1/chat/completions", new StringContent(body));
        await EnvelopeAsync(answer, 400, "context");
    }

    [Theory]
    [InlineData("/v1/chat/completions", true)]
    [InlineData("/v1/chat/completions", false)]
    [InlineData("/api/v1/jobs", true)]
    [InlineData("/api/v1/jobs", false)]
    public async Task A_body_of_100_MB_is_refused_without_being_read_to_its_end(string path, bool withLength)
    {
        using var client = _cloud.Client();
        using var body = new EndlessContent(100_000_000, withLength);
        body.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
        // With its length announced the body is refused before a byte of it is sent.
        request.Headers.ExpectContinue = withLength;
        HttpResponseMessage? answer = null;
        try
        {
            answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.True(answer.StatusCode is HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.BadRequest, $"{answer.StatusCode}");
        }
        catch (HttpRequestException)
        {
            // The line was cut while the body was still being sent: refused as well, only less politely.
        }

        answer?.Dispose();
        Assert.True(body.Sent < (withLength ? 1 : 90_000_000), $"{body.Sent} bytes were taken");
        await StillWellAsync();
    }

    private static async Task EnvelopeAsync(HttpResponseMessage answer, int status, string part)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode}: {text}");
        var error = JsonDocument.Parse(text).RootElement.GetProperty("error");
        Assert.Contains(part, error.GetProperty("message").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.NotEmpty(error.GetProperty("type").GetString()!);
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
    }

    /// <summary>The model that was there answers, the cloud is healthy, and nothing was added.</summary>
    private async Task StillWellAsync()
    {
        var workloads = await _cloud.GetAsync("/api/v1/workloads");
        Assert.Equal("demo", Assert.Single(workloads.EnumerateArray().ToList()).GetProperty("name").GetString());
        Assert.True((await _cloud.GetAsync("/api/v1/status")).GetProperty("healthy").GetBoolean());
        using var client = _cloud.Client();
        using var answer = await client.PostAsync("/v1/chat/completions", new StringContent("""{"model":"demo","temperature":0,"messages":[{"role":"user","content":"What is 17 + 25?"}]}"""));
        Assert.Contains("42", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    public sealed class Serving : IAsyncLifetime
    {
        public RunningCloud Cloud { get; } = RunningCloud.NotStarted();

        public async Task InitializeAsync()
        {
            await Cloud.StartAsync();
            await Cloud.MustAsync("serve", "demo", "--chips", "cpu");
        }

        public async Task DisposeAsync() => await Cloud.DisposeAsync();
    }

    /// <summary>Spaces, counted as they leave.</summary>
    private sealed class EndlessContent(long length, bool withLength) : HttpContent
    {
        public long Sent { get; private set; }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var block = new byte[1 << 16];
            block.AsSpan().Fill((byte)' ');
            while (Sent < length)
            {
                await stream.WriteAsync(block.AsMemory(0, (int)Math.Min(block.Length, length - Sent)));
                Sent += block.Length;
            }
        }

        protected override bool TryComputeLength(out long computed)
        {
            computed = length;
            return withLength;
        }
    }
}
