using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Amalgam.SystemTests.Gateway.Rig;
using Xunit;

namespace Amalgam.SystemTests.Gateway;

public sealed class DoorTests
{
    private static async Task<JsonElement> ErrorOf(HttpResponseMessage response)
    {
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        Assert.True(response.Headers.Contains("x-request-id"));
        var error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error");
        foreach (var name in new[] { "message", "type", "param", "code" }) Assert.True(error.TryGetProperty(name, out _), name);
        return error;
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer nobody-has-this")]
    [InlineData("Bearer ")]
    [InlineData("Basic ZGV2ZWxvcGVyLWtleTo=")]
    public async Task Without_a_good_key_every_path_answers_401(string? authorization)
    {
        await using var rig = await GatewayRig.StartAsync();
        rig.Client.DefaultRequestHeaders.Authorization = authorization is null ? null : AuthenticationHeaderValue.Parse(authorization);
        foreach (var path in new[] { "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/nothing" })
        {
            using var response = await rig.PostAsync(GatewayRig.Chat("normal"), path);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("invalid_api_key", (await ErrorOf(response)).GetProperty("code").GetString());
        }
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.Client.GetAsync("/v1/models")).StatusCode);
        Assert.Empty(rig.Ledger.Reservations);
    }

    [Fact]
    public async Task A_revoked_key_stops_working_at_once()
    {
        await using var rig = await GatewayRig.StartAsync();
        Assert.Equal(HttpStatusCode.OK, (await rig.PostAsync(GatewayRig.Chat("normal"))).StatusCode);
        rig.Callers.Keys.TryRemove("developer-key", out _);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.PostAsync(GatewayRig.Chat("normal"))).StatusCode);
    }

    [Fact]
    public async Task An_auditor_lists_models_but_uses_none()
    {
        await using var rig = await GatewayRig.StartAsync();
        rig.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "auditor-key");
        Assert.Equal(HttpStatusCode.OK, (await rig.Client.GetAsync("/v1/models")).StatusCode);
        using var response = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("insufficient_permissions", (await ErrorOf(response)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Another_units_model_and_one_that_is_not_there_look_the_same()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var absent = await rig.PostAsync(GatewayRig.Chat("absent"));
        rig.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "other-key");
        using var hidden = await rig.PostAsync(GatewayRig.Chat("normal"));
        Assert.Equal(HttpStatusCode.NotFound, absent.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        Assert.Equal("model_not_found", (await ErrorOf(absent)).GetProperty("code").GetString());
        Assert.Equal("model_not_found", (await ErrorOf(hidden)).GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Client.GetAsync("/v1/models/normal")).StatusCode);
    }

    [Fact]
    public async Task An_unknown_path_is_404_and_a_wrong_method_is_405_in_the_envelope()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var unknown = await rig.PostAsync("{}", "/v1/audio/speech");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal("unknown_url", (await ErrorOf(unknown)).GetProperty("code").GetString());
        using var wrong = await rig.Client.GetAsync("/v1/chat/completions");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, wrong.StatusCode);
        Assert.Equal("method_not_allowed", (await ErrorOf(wrong)).GetProperty("code").GetString());
        Assert.Equal("POST", wrong.Content.Headers.Allow.Single());
        using var delete = await rig.Client.DeleteAsync("/v1/models/normal");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, delete.StatusCode);
    }

    [Fact]
    public async Task Models_are_listed_and_found_by_names_with_slashes()
    {
        await using var rig = await GatewayRig.StartAsync();
        var list = JsonDocument.Parse(await rig.Client.GetStringAsync("/v1/models")).RootElement;
        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.Equal(["normal", "owner/model"], list.GetProperty("data").EnumerateArray().Select(m => m.GetProperty("id").GetString()!));
        foreach (var path in new[] { "/v1/models/owner/model", "/v1/models/owner%2Fmodel" })
        {
            var model = JsonDocument.Parse(await rig.Client.GetStringAsync(path)).RootElement;
            Assert.Equal("owner/model", model.GetProperty("id").GetString());
            Assert.Equal("model", model.GetProperty("object").GetString());
        }
    }

    [Fact]
    public async Task The_clients_request_id_comes_back_and_reaches_the_replica_unless_it_is_unsound()
    {
        await using var rig = await GatewayRig.StartAsync();
        using var echoed = await rig.PostAsync(GatewayRig.Chat("normal"), requestId: "my-id-7");
        Assert.Equal("my-id-7", echoed.Headers.GetValues("x-request-id").Single());
        Assert.True(rig.Upstreams[0].Requests.ContainsKey("my-id-7"));
        using var made = await rig.PostAsync(GatewayRig.Chat("normal"), requestId: "has a space");
        Assert.StartsWith("req_", made.Headers.GetValues("x-request-id").Single(), StringComparison.Ordinal);
    }
}
