using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>`serve hf:OWNER/REPO/FILE` against a hub of the test's own, which misbehaves as it is told.</summary>
public sealed class HubFetchTests : IAsyncLifetime
{
    private const string Model = "hf:owner/repo/demo.gguf";

    private readonly byte[] _file = File.ReadAllBytes(Path.Combine(RunningCloud.RepositoryRoot, "models", "demo.gguf"));
    private readonly List<string> _ranges = [];
    private WebApplication _hub = null!;
    private RunningCloud _cloud = null!;
    private string? _sha256;
    private int _cutAfterBytes;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(server => server.Listen(IPAddress.Loopback, 0));
        _hub = builder.Build();
        _hub.MapGet("/owner/repo/resolve/main/demo.gguf", AnswerAsync);
        _hub.MapGet("/owner/repo/resolve/main/private.gguf", () => Results.StatusCode(401));
        await _hub.StartAsync();
        _cloud = RunningCloud.NotStarted();
        _cloud.Variables["HF_ENDPOINT"] = _hub.Urls.First();
        await _cloud.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _cloud.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task A_model_is_fetched_with_its_checksum_served_and_not_fetched_twice()
    {
        _sha256 = Convert.ToHexStringLower(SHA256.HashData(_file));
        var run = await _cloud.AmalgamAsync("serve", Model, "--chips", "cpu");
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("MiB", run.Error, StringComparison.Ordinal);
        Assert.Contains("42", await _cloud.MustAsync("chat", "demo", "--message", "What is 17 + 25?"), StringComparison.Ordinal);
        await _cloud.MustAsync("serve", Model, "--name", "again", "--chips", "cpu-scalar");
        Assert.Equal(["-"], _ranges);
        Assert.Equal(_file, await File.ReadAllBytesAsync(Path.Combine(_cloud.Data, "models", "owner", "repo", "main", "demo.gguf")));
    }

    [Fact]
    public async Task A_fetch_that_was_cut_goes_on_where_it_stopped()
    {
        _sha256 = Convert.ToHexStringLower(SHA256.HashData(_file));
        _cutAfterBytes = 1_000_000;
        (await _cloud.AmalgamAsync("serve", Model)).RefusedWithLast("continue where it stopped");
        _cutAfterBytes = 0;
        Assert.Equal(0, (await _cloud.AmalgamAsync("serve", Model, "--chips", "cpu")).ExitCode);
        Assert.Equal("-", _ranges[0]);
        Assert.Matches("^bytes=[1-9][0-9]*-$", _ranges[1]);
        Assert.Contains("42", await _cloud.MustAsync("chat", "demo", "--message", "What is 17 + 25?"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_another_checksum_is_thrown_away_and_never_served()
    {
        _sha256 = new string('0', 64);
        (await _cloud.AmalgamAsync("serve", Model)).RefusedWithLast("thrown away");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_cloud.Data, "models"), "*", SearchOption.AllDirectories));
        Assert.Contains("nothing runs", await _cloud.MustAsync("ps"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hf:owner/repo/absent.gguf", "there is no absent.gguf in owner/repo")]
    [InlineData("hf:owner/repo/private.gguf", "HF_TOKEN")]
    [InlineData("hf:owner/../repo/demo.gguf", "is no model of a hub")]
    [InlineData("hf:owner", "is no model of a hub")]
    public async Task What_the_hub_does_not_give_is_said_in_one_line(string model, string part) =>
        (await _cloud.AmalgamAsync("serve", model)).RefusedWithLast(part);

    [Fact]
    public async Task A_hub_that_cannot_be_reached_is_named()
    {
        await _hub.StopAsync();
        (await _cloud.AmalgamAsync("serve", Model)).RefusedWithLast(_cloud.Variables["HF_ENDPOINT"]);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var range = context.Request.Headers.Range.ToString();
        var from = 0;
        lock (_ranges)
        {
            _ranges.Add(range.Length == 0 ? "-" : range);
        }

        if (range.Length > 0)
        {
            from = int.Parse(range["bytes=".Length..^1], System.Globalization.CultureInfo.InvariantCulture);
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{_file.Length - 1}/{_file.Length}";
        }

        if (_sha256 is not null)
        {
            context.Response.Headers["X-Linked-ETag"] = $"\"{_sha256}\"";
        }

        context.Response.ContentLength = _file.Length - from;
        if (_cutAfterBytes > 0)
        {
            await context.Response.Body.WriteAsync(_file.AsMemory(from, _cutAfterBytes));
            await context.Response.Body.FlushAsync();
            // What was sent must have arrived before the line is cut, or there is nothing to go on from.
            await Task.Delay(1000);
            context.Abort();
            return;
        }

        await context.Response.Body.WriteAsync(_file.AsMemory(from));
    }
}
