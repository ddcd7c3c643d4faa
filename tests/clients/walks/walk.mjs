// A walk through a running server with one of GitHub's clients for JavaScript: `node walk.mjs CLIENT`.
//
// The environment says where: WALK_API (…/api/v3), WALK_TOKEN, WALK_OWNER, WALK_REPO, WALK_ORGANIZATION, WALK_SECRET.
// It ends with status 0 when every step was as it should be, and with what was wrong otherwise.

import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import sodium from 'libsodium-wrappers'

const env = process.env
const clients = {
  // Everybody's client.
  'octokit-rest': async () => {
    const { Octokit } = await import('@octokit/rest')
    return new Octokit({ auth: env.WALK_TOKEN, baseUrl: env.WALK_API, log: { debug() {}, info() {}, warn() {}, error() {} } })
  },
  // What actions use within a job: it finds the server by GITHUB_API_URL.
  'actions-github': async () => {
    process.env.GITHUB_API_URL = env.WALK_API
    process.env.GITHUB_REPOSITORY = `${env.WALK_OWNER}/${env.WALK_REPO}`
    const github = await import('@actions/github')
    assert.deepEqual(github.context.repo, { owner: env.WALK_OWNER, repo: env.WALK_REPO })
    return github.getOctokit(env.WALK_TOKEN)
  },
}

const client = await clients[process.argv[2]]()
const actions = client.rest.actions
const at = { owner: env.WALK_OWNER, repo: env.WALK_REPO }
const org = env.WALK_ORGANIZATION

/** The status with which a call is refused, as the client's own error tells it. */
async function refused (call, parameters) {
  try {
    await call(parameters)
  } catch (error) {
    assert.equal(error.name, 'HttpError')
    assert.equal(error.response.data.status, String(error.status))
    return error.status
  }
  return 0
}

async function eventually (look) {
  for (;;) { // whoever started this process ends it when it takes too long
    const found = await look()
    if (found) return found
    await pause(50)
  }
}

async function sealed (key) {
  await sodium.ready
  const box = sodium.crypto_box_seal(
    sodium.from_string(env.WALK_SECRET), sodium.from_base64(key.key, sodium.base64_variants.ORIGINAL))
  return { encrypted_value: sodium.to_base64(box, sodium.base64_variants.ORIGINAL), key_id: key.key_id }
}

async function dispatched (how) {
  const before = (await actions.listWorkflowRuns({ ...at, workflow_id: 'walk.yml' })).data.total_count
  const taken = await actions.createWorkflowDispatch(
    { ...at, workflow_id: 'walk.yml', ref: 'main', inputs: { who: process.argv[2], how } })
  assert.equal(taken.status, 204)
  const found = (await actions.listWorkflowRuns({ ...at, workflow_id: 'walk.yml' })).data
  assert.equal(found.total_count, before + 1)
  return { ...at, run_id: found.workflow_runs[0].id }
}

async function completed (run) {
  return await eventually(async () => {
    const { data } = await actions.getWorkflowRun(run)
    return data.status === 'completed' ? data : null
  })
}

const steps = {
  async 'secrets and variables' () {
    const { data: key } = await actions.getRepoPublicKey(at)
    const secret = { ...at, secret_name: 'TOKEN', ...await sealed(key) }
    assert.equal((await actions.createOrUpdateRepoSecret(secret)).status, 201)
    assert.equal((await actions.createOrUpdateRepoSecret(secret)).status, 204)
    assert.deepEqual((await actions.listRepoSecrets(at)).data.secrets.map(one => one.name), ['TOKEN'])
    const variable = { ...at, name: 'COLOUR', value: 'red' }
    assert.equal((await actions.createRepoVariable(variable)).status, 201)
    assert.equal(await refused(actions.createRepoVariable, variable), 409)
    assert.equal((await actions.updateRepoVariable({ ...variable, value: 'blue' })).status, 204)
    assert.equal((await actions.getRepoVariable(variable)).data.value, 'blue')
  },

  async 'a run, its jobs and its logs' () {
    const run = await dispatched('pass')
    assert.equal((await completed(run)).conclusion, 'success')
    const jobs = await client.paginate(actions.listJobsForWorkflowRun, { ...run, per_page: 1 })
    assert.deepEqual(jobs.map(job => job.name).sort(), ['beside', 'hello'])
    const job = jobs.find(one => one.name === 'hello')
    const said = `hello ${process.argv[2]} in blue, a secret of ${env.WALK_SECRET.length} characters`
    const log = await actions.downloadJobLogsForWorkflowRun({ ...at, job_id: job.id })
    assert.equal(typeof log.data, 'string')
    assert.ok(log.data.includes(said), log.data)
    const zip = await actions.downloadWorkflowRunLogs(run)
    assert.ok(zip.data instanceof ArrayBuffer)
    assert.equal(Buffer.from(zip.data).subarray(0, 2).toString(), 'PK')
    assert.ok((await actions.downloadWorkflowRunAttemptLogs({ ...run, attempt_number: 1 })).data instanceof ArrayBuffer)
    const { data: usage } = await actions.getWorkflowRunUsage(run)
    assert.equal(usage.billable.UBUNTU.jobs, 2)
    assert.ok(usage.run_duration_ms > 0)
    assert.deepEqual((await actions.listWorkflowRunArtifacts(run)).data, { total_count: 0, artifacts: [] })
    assert.equal((await actions.deleteWorkflowRunLogs(run)).status, 204)
    assert.equal(await refused(actions.downloadWorkflowRunLogs, run), 410)
    assert.equal((await actions.deleteWorkflowRun(run)).status, 204)
    assert.equal(await refused(actions.getWorkflowRun, run), 404)
  },

  async 'cancel and run again' () {
    const waiting = await dispatched('wait')
    await eventually(async () => {
      const { data } = await actions.listJobsForWorkflowRun(waiting)
      return data.jobs.some(job => job.steps.some(step => step.name === 'Do as told' && step.status === 'in_progress'))
    })
    assert.equal((await actions.cancelWorkflowRun(waiting)).status, 202)
    assert.equal((await completed(waiting)).conclusion, 'cancelled')
    assert.equal(await refused(actions.cancelWorkflowRun, waiting), 409)
    const failing = await dispatched('fail')
    assert.equal((await completed(failing)).conclusion, 'failure')
    assert.equal((await actions.reRunWorkflowFailedJobs(failing)).status, 201)
    assert.equal((await completed(failing)).run_attempt, 2)
    const { data } = await actions.listJobsForWorkflowRunAttempt({ ...failing, attempt_number: 2 })
    const job = data.jobs.find(one => one.name === 'hello')
    assert.equal((await actions.reRunJobForWorkflowRun({ ...at, job_id: job.id })).status, 201)
    assert.equal((await completed(failing)).run_attempt, 3)
    assert.equal((await actions.reRunWorkflow(failing)).status, 201)
    assert.equal((await completed(failing)).run_attempt, 4)
    assert.equal((await actions.getWorkflowRunAttempt({ ...failing, attempt_number: 1 })).data.run_attempt, 1)
    const failed = (await actions.listWorkflowRunsForRepo({ ...at, status: 'failure' })).data.workflow_runs
    assert.deepEqual(failed.map(run => run.id), [failing.run_id])
  },

  async 'workflows, and what is refused' () {
    const walk = { ...at, workflow_id: 'walk.yml' }
    assert.equal((await actions.disableWorkflow(walk)).status, 204)
    assert.equal((await actions.getWorkflow(walk)).data.state, 'disabled_manually')
    assert.equal(await refused(actions.createWorkflowDispatch, { ...walk, ref: 'main', inputs: { who: 'x' } }), 422)
    assert.equal((await actions.enableWorkflow(walk)).status, 204)
    assert.equal(await refused(actions.createWorkflowDispatch, { ...walk, ref: 'nothing', inputs: { who: 'x' } }), 422)
    assert.equal(await refused(actions.getWorkflow, { ...at, workflow_id: 'none.yml' }), 404)
    assert.equal(await refused(actions.getWorkflowRun, { ...at, run_id: 10 ** 12 }), 404)
    assert.equal(await refused(actions.listWorkflowRunsForRepo, { ...at, created: 'yesterday' }), 422)
  },

  async 'an environment' () {
    const place = { ...at, environment_name: 'prod/eu' }
    assert.equal((await client.rest.repos.createOrUpdateEnvironment(place)).data.name, 'prod/eu')
    const { data: key } = await actions.getEnvironmentPublicKey(place)
    const secret = { ...place, secret_name: 'TOKEN', ...await sealed(key) }
    assert.equal((await actions.createOrUpdateEnvironmentSecret(secret)).status, 201)
    assert.equal((await actions.createEnvironmentVariable({ ...place, name: 'COLOUR', value: 'red' })).status, 201)
    assert.equal((await actions.listEnvironmentVariables(place)).data.variables[0].value, 'red')
    assert.equal((await actions.deleteEnvironmentSecret(secret)).status, 204)
    assert.equal((await client.rest.repos.deleteAnEnvironment(place)).status, 204)
  },

  async 'an organisation' () {
    const { data: repository } = await client.rest.repos.get({ owner: org, repo: 'shared' })
    const { data: key } = await actions.getOrgPublicKey({ org })
    const name = { org, secret_name: process.argv[2].replace('-', '_').toUpperCase() }
    const secret = { ...name, ...await sealed(key), visibility: 'selected', selected_repository_ids: [repository.id] }
    assert.equal((await actions.createOrUpdateOrgSecret(secret)).status, 201)
    const { data: chosen } = await actions.listSelectedReposForOrgSecret(name)
    assert.deepEqual(chosen.repositories.map(one => one.full_name), [`${org}/shared`])
    assert.equal((await actions.setSelectedReposForOrgSecret({ ...name, selected_repository_ids: [] })).status, 204)
    assert.equal((await actions.deleteOrgSecret(name)).status, 204)
    assert.equal(await refused(actions.getOrgSecret, name), 404)
    const variable = { org, name: name.secret_name, value: 'x', visibility: 'all' }
    assert.equal((await actions.createOrgVariable(variable)).status, 201)
    assert.equal((await actions.deleteOrgVariable(variable)).status, 204)
  },

  async 'runners' () {
    assert.deepEqual((await actions.listSelfHostedRunnersForRepo(at)).data, { total_count: 0, runners: [] })
    assert.match((await actions.createRegistrationTokenForRepo(at)).data.token, /^shr_/)
    assert.equal((await actions.createRemoveTokenForOrg({ org })).status, 201)
    assert.equal(await refused(actions.getSelfHostedRunnerForRepo, { ...at, runner_id: 10 ** 9 }), 404)
    const { data: made } = await actions.generateRunnerJitconfigForRepo(
      { ...at, name: 'just-in-time', runner_group_id: 1, labels: ['gpu'] })
    const runner = { ...at, runner_id: made.runner.id }
    const { data: set } = await actions.setCustomLabelsForSelfHostedRunnerForRepo({ ...runner, labels: ['large'] })
    assert.ok(set.labels.some(label => label.name === 'large'))
    assert.equal((await actions.deleteSelfHostedRunnerFromRepo(runner)).status, 204)
    assert.equal((await actions.listSelfHostedRunnersForRepo(at)).data.total_count, 0)
  },

  async 'pages' () {
    const names = ['A', 'B', 'C', 'COLOUR', 'D', 'E']
    for (const name of names) if (name !== 'COLOUR') await actions.createRepoVariable({ ...at, name, value: 'x' })
    const found = await client.paginate(actions.listRepoVariables, { ...at, per_page: 2 })
    assert.deepEqual(found.map(one => one.name), names)
    const runs = await client.paginate(actions.listWorkflowRunsForRepo, { ...at, per_page: 1 })
    assert.equal(runs.length, (await actions.listWorkflowRunsForRepo({ ...at, per_page: 100 })).data.total_count)
    assert.ok(runs.length > 2)
  },
}

for (const [name, step] of Object.entries(steps)) {
  await step()
  console.log(name)
}
