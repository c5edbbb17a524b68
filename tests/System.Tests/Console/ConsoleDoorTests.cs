using System.Net;
using System.Text.RegularExpressions;
using Amalgam.SystemTests.Cloud;
using Xunit;

namespace Amalgam.SystemTests.Browser;

/// <summary>The console's door without a browser: sessions, forged forms, headers.</summary>
public sealed partial class ConsoleDoorTests : IClassFixture<ConsoleCloud>, IDisposable
{
    private readonly RunningCloud _cloud;
    private readonly HttpClient _client;

    public ConsoleDoorTests(ConsoleCloud fixture)
    {
        _cloud = fixture.Cloud;
        _client = new HttpClient(new SocketsHttpHandler { UseCookies = true, AllowAutoRedirect = false, MaxResponseDrainSize = 0 }) { BaseAddress = new Uri(_cloud.Url) };
        _client.DefaultRequestHeaders.Accept.ParseAdd("text/html");
    }

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task Whoever_has_not_signed_in_sees_no_page_and_a_script_is_told_by_status()
    {
        foreach (var path in new[] { "/", "/models", "/jobs/new", "/units", "/chips", "/bills", "/bills/focus" })
        {
            using var page = await _client.GetAsync(path);
            Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
            Assert.StartsWith("/sign-in", page.Headers.Location!.ToString(), StringComparison.Ordinal);
        }

        using var stream = new HttpRequestMessage(HttpMethod.Get, "/");
        stream.Headers.Accept.Clear();
        stream.Headers.Accept.ParseAdd("text/event-stream");
        using var refused = await _client.SendAsync(stream);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var forged = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "Cookie", "amalgam-session=CfDJ8made-up" } } };
        using var turned = await _client.SendAsync(forged);
        Assert.Equal(HttpStatusCode.Redirect, turned.StatusCode);
    }

    [Fact]
    public async Task The_session_is_a_sealed_cookie_that_no_script_reads_and_no_other_site_sends()
    {
        using var signed = await SignInAsync(_cloud.Key);
        Assert.Equal(HttpStatusCode.Redirect, signed.StatusCode);
        var cookie = Assert.Single(signed.Headers.GetValues("Set-Cookie"), value => value.StartsWith("amalgam-session=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(_cloud.Key, cookie, StringComparison.Ordinal);
        using var page = await _client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain(_cloud.Key, await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_of_another_site_or_of_another_session_does_nothing()
    {
        (await SignInAsync(_cloud.Key)).Dispose();
        var (seal, before) = (await SealAsync("/jobs/new"), await WorkloadsAsync());
        foreach (var (header, value, presented) in new[] { ("X-None", "1", ""), ("X-None", "1", "made-up"), ("Origin", "https://elsewhere.example", seal), ("Sec-Fetch-Site", "cross-site", seal), ("X-None", "1", await StrangersSealAsync()) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/jobs/new") { Content = Fields(("_seal", presented), ("command", "true"), ("do", "submit")) };
            request.Headers.Add(header, value);
            using var answer = await _client.SendAsync(request);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains("nothing was done", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(before, await WorkloadsAsync());
        using var own = await _client.PostAsync("/jobs/new", Fields(("_seal", seal), ("command", "true"), ("do", "submit")));
        Assert.Equal(HttpStatusCode.Redirect, own.StatusCode);
        Assert.Equal(before + 1, await WorkloadsAsync());
    }

    [Fact]
    public async Task Signing_in_never_leads_to_another_site_and_a_huge_form_is_cut()
    {
        foreach (var to in new[] { "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example" })
        {
            using var signed = await SignInAsync(_cloud.Key, to);
            Assert.Equal("/", signed.Headers.Location!.ToString());
        }

        using var huge = await _client.PostAsync("/sign-in", Fields(("key", new string('x', 3 << 20))));
        Assert.InRange((int)huge.StatusCode, 400, 499);
    }

    [Fact]
    public async Task Auditors_look_but_what_they_send_is_refused_by_the_cloud_itself()
    {
        using var maker = _cloud.Client();
        using var made = await maker.PostAsync("/api/v1/keys", new StringContent("{\"role\":\"auditor\",\"unit\":\"root\"}"));
        var secret = JsonText("secret", await made.Content.ReadAsStringAsync());
        (await SignInAsync(secret)).Dispose();
        var before = await WorkloadsAsync();
        var overview = await _client.GetStringAsync("/jobs");
        Assert.DoesNotContain("/jobs/new", overview, StringComparison.Ordinal);
        using var answer = await _client.PostAsync("/jobs/new", Fields(("_seal", await SealAsync("/jobs/new")), ("command", "true"), ("do", "submit")));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("role=\"alert\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(before, await WorkloadsAsync());
    }

    private async Task<HttpResponseMessage> SignInAsync(string key, string to = "/") => await _client.PostAsync("/sign-in", Fields(("_seal", await SealAsync("/sign-in")), ("key", key), ("to", to)));

    private async Task<int> WorkloadsAsync() => (await _cloud.GetAsync("/api/v1/workloads?all=true")).GetArrayLength();

    private async Task<string> SealAsync(string path) => Seal().Match(await _client.GetStringAsync(path)).Groups[1].Value;

    private async Task<string> StrangersSealAsync()
    {
        using var stranger = new HttpClient { BaseAddress = new Uri(_cloud.Url) };
        return Seal().Match(await stranger.GetStringAsync("/sign-in")).Groups[1].Value;
    }

    private static FormUrlEncodedContent Fields(params (string Name, string Value)[] fields) => new(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)));

    private static string JsonText(string name, string json)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        return document.RootElement.GetProperty(name).GetString()!;
    }

    [GeneratedRegex("name=\"_seal\" value=\"([^\"]+)\"")]
    private static partial Regex Seal();
}
